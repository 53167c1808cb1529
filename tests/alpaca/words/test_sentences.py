import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import herdbook.alpaca
from herdbook.alpaca.noticing.finding import Finding, Kind
from herdbook.alpaca.observer import observation
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.grounded import grounded
from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.alpaca.words.sentences import sentence

SOURCE = Path(next(iter(herdbook.alpaca.__path__)))
PAGES = SOURCE / "page" / "strings"
CO2 = Measurement(id="room_co2", name="Living room CO₂", unit="ppm", spread=50)
TEMPERATURE = Measurement(
    id="room_temperature", name="Living room temperature", unit="°C", precision=1, spread=0.5
)
MOTION = Measurement(id="hall", name="Hall motion", form="binary")
WATER = Measurement(id="water", name="Water", unit="L", state_class="total_increasing", spread=1)
CASES = [
    (
        CO2,
        Finding("above_usual", 1840.3, (419.6, 1100.2), 0.9),
        "Living room CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm.",
    ),
    (
        TEMPERATURE,
        Finding("below_usual", 14.21, (19.0, 22.49), 0.9),
        "Living room temperature is 14.2 °C. It is usually between 19 and 22.5 °C.",
    ),
    (
        TEMPERATURE,
        Finding("below_usual", -3.02, (-0.01, 4.0), 0.9),
        "Living room temperature is −3 °C. It is usually between 0 and 4 °C.",
    ),
    (
        CO2,  # one more decimal than the sensor shows, or it would read as if it were inside
        Finding("above_usual", 1100.4, (420.0, 1100.2), 0.9),
        "Living room CO₂ is 1,100.4 ppm. It is usually between 420 and 1,100.2 ppm.",
    ),
    (
        Measurement(id="cpu", name="CPU use", unit="%", precision=1),
        Finding("above_usual", 97.5, (0.0, 40.0), 0.9),
        "CPU use is 97.5%. It is usually between 0 and 40%.",
    ),
    (
        Measurement(id="queue", name="Queue"),
        Finding("above_usual", 12.0, (0.0, 5.0), 0.9),
        "Queue is 12. It is usually between 0 and 5.",
    ),
    (
        WATER,
        Finding("above_usual", 24.0, (0.0, 6.0), 0.9, 3600, "floor"),
        "Water has not been below 24 L/h for an hour."
        " At this time it is usually between 0 and 6 L/h.",
    ),
    (
        CO2,
        Finding("below_usual", 400.0, (600.0, 900.0), 0.9, 3600, "ceiling"),
        "Living room CO₂ has not been above 400 ppm for an hour."
        " At this time it is usually between 600 and 900 ppm.",
    ),
    (
        TEMPERATURE,
        Finding("sudden_change", 15.0, None, 0.9, 1800, before=20.04),
        "Living room temperature went from 20 °C to 15 °C within 30 minutes.",
    ),
    (
        TEMPERATURE,
        Finding("drift", 23.0, None, 0.9, 604_800, before=20.0),
        "Living room temperature is around 23 °C by now, after 20 °C a week ago.",
    ),
    (
        TEMPERATURE,
        Finding("stuck", 21.5, (0, 7200), 0.9, 18_000),
        "Living room temperature has shown 21.5 °C for 5 hours, without any change.",
    ),
    (
        TEMPERATURE,
        Finding("missing", None, (0, 900), 1.0, 960),
        "Living room temperature has had no reading for 16 minutes.",
    ),
    (
        MOTION,
        Finding("unusual_time", 1.0, None, 0.9, known_days=56, quiet_hours=(0, 6)),
        "Hall motion is on at 03:12. In 8 weeks it never was between 00:00 and 06:00.",
    ),
    (
        MOTION,
        Finding("first_time", 1.0, None, 0.9, known_days=20),
        "Hall motion is on, for the first time in 20 days.",
    ),
    (
        MOTION,
        Finding("long_lasting", 0.0, (0, 36_000), 0.9, 90_000),
        "Hall motion has been off for 25 hours, longer than usual.",
    ),
    (
        MOTION,
        Finding("recovered", 1.0, None, 0.9, 90_000),
        "Hall motion is on again, after 25 hours.",
    ),
    (
        TEMPERATURE,
        Finding("recovered", 20.0, (19, 21), 0.9, 3600),
        "Living room temperature is as usual again: 20 °C, after 60 minutes.",
    ),
]


@pytest.mark.parametrize(("measurement", "finding", "words"), CASES)
def test_the_sentence(measurement: Measurement, finding: Finding, words: str) -> None:
    assert sentence(measurement, finding, 3.2 * 3600, ENGLISH) == words


ALL = [(measurement, finding) for measurement, finding, _ in CASES] + [
    (MOTION, Finding("unusual_time", 1.0, None, 0.9, known_days=56)),
    (MOTION, Finding("long_lasting", 1.0, (0, 3600), 0.9, 8000)),
    (MOTION, Finding("recovered", 0.0, None, 0.9, 8000)),
    (MOTION, Finding("missing", None, (0, 900), 1.0, 960)),
    (TEMPERATURE, Finding("above_usual", 23.0, (19.0, 22.0), 0.9, 3600, "hour")),
    (TEMPERATURE, Finding("below_usual", 17.0, (19.0, 22.0), 0.9, 3600, "hour")),
    (WATER, Finding("stuck", 0.0, (0, 7200), 0.9, 90_000)),
    (WATER, Finding("sudden_change", 260.0, None, 0.9, 1800, before=0.0)),
    (WATER, Finding("drift", 26.0, None, 0.9, 604_800, before=12.5)),
    (WATER, Finding("missing", None, (0, 900), 1.0, 960)),
    (WATER, Finding("recovered", 0.0, (0, 6), 0.9, 3600)),
]


def test_every_kind_has_one() -> None:
    assert {finding.kind for _, finding, _ in CASES} == set(Kind.__value__.__args__)


def test_every_language_has_every_template_with_the_same_fields() -> None:
    fields = {
        name: sorted(set(re.findall(r"{(\w+)}", text))) for name, text in ENGLISH.sentences.items()
    }
    for language in LANGUAGES.values():
        assert {
            name: sorted(set(re.findall(r"{(\w+)}", text)))
            for name, text in language.sentences.items()
        } == fields


def test_every_language_has_a_name_for_everything() -> None:
    others = [language for language in LANGUAGES.values() if language is not ENGLISH]
    for language in others:
        assert language.names.keys() == others[0].names.keys()
        assert all(name != english for english, name in language.names.items())


def test_every_name_in_the_source_is_one_that_the_languages_know() -> None:
    said, given = set(), set()
    for path in SOURCE.rglob("*.py"):
        if path.is_relative_to(SOURCE / "words"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Measurement":
                names = [one.value for one in node.keywords if one.arg == "name"]
                given |= {one.value for one in names if isinstance(one, ast.Constant)}
    known = LANGUAGES["de"].names.keys()
    assert given - known == {"CO₂"}, "the same in all of them"
    assert known <= said


@pytest.mark.parametrize("code", sorted(LANGUAGES.keys() - {"en"}))
def test_home_assistant_and_the_nodes_own_page_call_the_llama_alike(code: Code) -> None:
    pages = json.loads((PAGES / f"{code}.json").read_text("utf-8"))
    assert LANGUAGES[code].names["Waiting to sync"] == pages["status"]["waiting"]


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("measurement", "finding"), ALL)
def test_every_finding_is_said_in_every_language(
    measurement: Measurement, finding: Finding, code: Code
) -> None:
    language = LANGUAGES[code]
    made = observation(measurement, finding, 3.2 * 3600, language)
    assert measurement.name in made.sentence
    assert made.sentence.endswith(".")
    assert "{" not in made.sentence
    assert grounded(made.sentence, made, code)
    if code != "en":
        said = made.sentence.replace(measurement.name, "").casefold()
        english = sentence(measurement, finding, 3.2 * 3600, ENGLISH)
        assert made.sentence != english
        assert not set(re.findall(r"[^\W\d_]+", said)) & ENGLISH_WORDS


ENGLISH_WORDS = {
    *("usually", "between", "has", "been", "for", "the", "first", "time", "again", "after", "went"),
    *("within", "off", "longer", "than", "usual", "never", "reading", "without", "any", "change"),
    *("hour", "hours", "days", "weeks"),
}
"""Of the English sentences, but for what is a word in one of the others, too."""

SPOKEN = [
    ("en", "Living room temperature went from 20 °C to 15.5 °C within 30 minutes."),
    ("de", "Living room temperature ging innerhalb von 30 Minuten von 20 °C auf 15,5 °C."),
    ("fr", "Living room temperature : de 20 °C à 15,5 °C en 30 minutes."),
    ("es", "Living room temperature pasó de 20 °C a 15,5 °C en 30 minutos."),
    ("nl", "Living room temperature ging binnen 30 minuten van 20 °C naar 15,5 °C."),
]


@pytest.mark.parametrize(("code", "words"), SPOKEN)
def test_numbers_are_written_as_the_language_does(code: Code, words: str) -> None:
    finding = Finding("sudden_change", 15.5, None, 0.9, 1800, before=20.04)
    assert sentence(TEMPERATURE, finding, 0.0, LANGUAGES[code]) == words


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("en", "1,840.5"),
        ("de", "1.840,5"),
        ("fr", "1\N{NARROW NO-BREAK SPACE}840,5"),
        ("es", "1840,5"),
        ("nl", "1.840,5"),
    ],
)
def test_thousands_are_parted_as_the_language_does(code: Code, number: str) -> None:
    assert LANGUAGES[code].number(1840.5, 2) == number


def test_a_large_number_in_spanish_is_parted() -> None:
    assert LANGUAGES["es"].number(-12_345.0, 0) == "−12.345"


@pytest.mark.parametrize(
    ("code", "lengths"),
    [
        ("en", ["1 second", "59 seconds", "1 minute", "5 hours", "1 day"]),
        ("de", ["1 Sekunde", "59 Sekunden", "1 Minute", "5 Stunden", "1 Tag"]),
        ("fr", ["1 seconde", "59 secondes", "1 minute", "5 heures", "1 jour"]),
        ("es", ["1 segundo", "59 segundos", "1 minuto", "5 horas", "1 día"]),
        ("nl", ["1 seconde", "59 seconden", "1 minuut", "5 uur", "1 dag"]),
    ],
)
def test_plurals(code: Code, lengths: list[str]) -> None:
    language = LANGUAGES[code]
    seconds = (1.0, 59.0, 60.0, 18_000.0)
    assert [language.duration(one) for one in seconds] == lengths[:4]
    assert f"1 {language.day[0]}" == lengths[4]
    assert language.duration(35 * 86_400) == f"5 {language.week[1]}"


def test_a_time_is_of_the_24_hour_clock() -> None:
    assert [one.time(15.2 * 3600) for one in LANGUAGES.values()] == [
        "15:12",
        "15:12 Uhr",
        "15:12",
        "15:12",
        "15:12",
    ]


@given(
    st.floats(-1e6, 1e6),
    st.floats(0.001, 1e4),
    st.floats(0.001, 1e6),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from(sorted(LANGUAGES)),
)
def test_every_number_in_it_is_in_the_evidence_and_the_value_is_outside(
    low: float, width: float, beyond: float, above: bool, precision: int, code: Code
) -> None:
    high = low + width
    value = high + beyond if above else low - beyond
    kind: Kind = "above_usual" if above else "below_usual"
    measurement = Measurement(id="x", name="Kettle", unit="°C", precision=precision)
    language = LANGUAGES[code]
    made = observation(measurement, Finding(kind, value, (low, high), 0.5), 0.0, language)
    plain = made.sentence.replace(language.group, "").replace(language.point, ".")
    numbers = [float(text.replace("−", "-")) for text in re.findall(r"−?\d+(?:\.\d+)?", plain)]
    assert grounded(made.sentence, made, code)
    assert made.usual is not None
    assert made.value is not None
    assert numbers == pytest.approx([made.value, *made.usual], abs=1e-9)
    assert made.value > made.usual[1] if above else made.value < made.usual[0]
