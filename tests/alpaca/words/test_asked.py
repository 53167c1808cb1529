import pytest

from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample, checked
from herdbook.alpaca.words.asked import MOST, asked, observation_of
from herdbook.alpaca.words.grounded import grounded
from herdbook.alpaca.words.language import Language
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.eventlog.event import encode_payload

SAMPLES: list[tuple[Measurement, Sample]] = [
    (Measurement(id="t", name="Room", unit="°C", precision=1), 21.46),
    (Measurement(id="h", name="Damp", unit="%"), 48.0),
    (Measurement(id="m", name="Hall", form="binary"), 1.0),
    (Measurement(id="d", name="Door", form="binary"), 0.0),
    (Measurement(id="f", name="Freezer", unit="°C"), Fault("It does not answer.")),
    (Measurement(id="b", name="Started", form="moment"), 1_700_000_000.0),
    (Measurement(id="cpu", name="Processor", unit="%", diagnostic=True), 12.0),
]
SEEN = {
    "en": "Now: Room 21.5 °C, Damp 48%, Hall on, Door off, Freezer without a reading.",
    "de": "Jetzt: Room 21,5 °C, Damp 48\xa0%, Hall an, Door aus, Freezer ohne Messwert.",
    "fr": "Maintenant : Room 21,5 °C, Damp 48\u202f%, Hall en marche, Door à l’arrêt,"
    " Freezer sans mesure.",
    "es": "Ahora: Room 21,5 °C, Damp 48\xa0%, Hall en marcha, Door en reposo,"
    " Freezer sin medición.",
    "nl": "Nu: Room 21,5 °C, Damp 48%, Hall aan, Door uit, Freezer zonder meting.",
}


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda one: one.code)
def test_what_a_node_sees_now(language: Language) -> None:
    made = observation_of(SAMPLES, "node", "Hallway", language)
    assert made.sentence == SEEN[language.code]
    assert (made.kind, made.sensor, made.values) == ("asked", "node", (21.5, 48, 1, 0))
    assert grounded(made.sentence, made, language.code)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda one: one.code)
def test_of_many_the_rest_is_counted(language: Language) -> None:
    many: list[tuple[Measurement, Sample]] = [
        (Measurement(id=f"s{number}", name=f"Sensor {number}"), float(number))
        for number in range(100)
    ]
    made = observation_of(many, "node", "Hallway", language)
    assert made.sentence.count(",") == MOST
    assert f"{100 - MOST}" in made.sentence
    assert len(made.values) == 64


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda one: one.code)
def test_however_much_is_seen_it_fits_in_an_event(language: Language) -> None:
    # The longest name and unit of a table, with the largest number that is no fault.
    longest: list[tuple[Measurement, Sample]] = []
    for number in range(100):
        measurement = Measurement(id=f"s{number}", name="N" * 64 + " temperature", unit="u" * 16)
        longest.append((measurement, checked(measurement, -2e14)))
    made = observation_of(longest, "node", "Hallway", language)
    assert len(made.values) == 64
    encode_payload(made)


def test_a_machine_alone_tells_of_itself() -> None:
    assert asked(SAMPLES[-2:], LANGUAGES["en"]) == "Now: Processor 12%."
    assert asked([], LANGUAGES["de"]) == "Jetzt gibt es nichts zu messen."
