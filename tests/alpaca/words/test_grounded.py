from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.words.grounded import grounded
from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.eventlog.event import ObservationPayload

CO2 = ObservationPayload(
    sensor="room_co2",
    sensor_name="Living room CO₂ 2",
    kind="above_usual",
    sentence="Living room CO₂ 2 is 1,840.6 ppm. It is usually between 420 and 1,100 ppm.",
    value=1840.6,
    unit="ppm",
    usual=(420.0, 1100.0),
    confidence=0.97,
    seconds=7200,
    values=(640.0, 1210.0, 1840.6),
    before=640.0,
    known_days=56.4,
)
MOTION = ObservationPayload(
    sensor="hall",
    sensor_name="Hall motion",
    kind="unusual_time",
    sentence="Hall motion is on at 03:12. In 8 weeks it never was between 00:00 and 06:00.",
    value=1.0,
    unit=None,
    usual=None,
    confidence=0.9,
    known_days=56.0,
)


@dataclass
class Case:
    words: str
    holds: bool
    language: Code = "en"
    of: ObservationPayload = CO2


CASES = [
    Case("Living room CO₂ 2 rose to 1,840.6 ppm within two hours.", True),
    Case("Living room CO₂ 2 rose to 1841 ppm in 120 minutes.", True),
    Case("Living room CO₂ 2 liegt bei 1.840,6 ppm, üblich sind 420 bis 1100.", True, "de"),
    Case("Living room CO₂ 2 : 1 840,6 ppm, contre 640 avant.", True, "fr"),
    Case("Living room CO₂ 2 is at 1,850 ppm.", False),
    Case("Living room CO₂ 2 is at 1,840.7 ppm.", False),
    Case("Living room CO₂ 2 rose within three hours.", False),
    Case("Living room CO₂ 2 liegt seit drei Stunden hoch.", False, "de"),
    Case("Living room CO₂ 2 has been learned for 8 weeks.", True),
    Case("Living room CO₂ 2 has been learned for 9 weeks.", False),
    Case("It is high.", False),
    Case("Living room CO₂ 2 is high because Anna is at home.", False),
    Case("Living room CO₂ 2 is high. Open a window.", True),
    Case("Living room CO₂ 2 was high on Monday.", False),
    Case("At 03:12 Hall motion came on, never before 06:00 in 8 weeks.", True, of=MOTION),
    Case("À 3 h 12 Hall motion est en marche.", True, "fr", MOTION),
    Case("Hall motion came on at 03:13.", False, of=MOTION),
    Case("Hall motion came on at 3:12 and 4:15.", False, of=MOTION),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_whether_a_sentence_rests_on_its_evidence(case: Case) -> None:
    assert grounded(case.words, case.of, case.language) is case.holds


@given(st.floats(-1e6, 1e6), st.integers(0, 3), st.sampled_from(sorted(LANGUAGES)))
def test_a_number_as_a_language_writes_it_is_known_again(
    value: float, digits: int, code: Code
) -> None:
    language = LANGUAGES[code]
    payload = msgspec.structs.replace(CO2, value=round(value, digits), values=())
    shown = language.quantity(value, digits, "ppm")
    assert grounded(f"Living room CO₂ 2: {shown}.", payload, code)


@given(st.integers(2000, 1_000_000), st.sampled_from(sorted(LANGUAGES)))
def test_a_number_that_is_nowhere_is_refused(value: int, code: Code) -> None:
    language = LANGUAGES[code]
    if value not in (7200, 80_640):
        shown = language.quantity(value, 0, "ppm")
        assert not grounded(f"Living room CO₂ 2: {shown}.", CO2, code)
