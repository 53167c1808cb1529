import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.observer import Observer, observation
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.house.baselines import Departure, Kind

CO2 = Measurement(id="room_co2", name="Living room CO₂", unit="ppm", spread=50)
TEMPERATURE = Measurement(
    id="room_temperature", name="Living room temperature", unit="°C", precision=1, spread=0.5
)


@pytest.mark.parametrize(
    ("measurement", "value", "usual", "sentence"),
    [
        (
            CO2,
            1840.3,
            (419.6, 1100.2),
            "Living room CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm.",
        ),
        (
            TEMPERATURE,
            14.21,
            (19.0, 22.49),
            "Living room temperature is 14.2 °C. It is usually between 19 and 22.5 °C.",
        ),
        (
            TEMPERATURE,
            -3.02,
            (-0.01, 4.0),
            "Living room temperature is −3 °C. It is usually between 0 and 4 °C.",
        ),
        # One more decimal than the sensor shows, or it would read as if it were inside.
        (
            CO2,
            1100.4,
            (420.0, 1100.2),
            "Living room CO₂ is 1,100.4 ppm. It is usually between 420 and 1,100.2 ppm.",
        ),
        (
            Measurement(id="cpu", name="CPU use", unit="%", precision=1),
            97.5,
            (0.0, 40.0),
            "CPU use is 97.5%. It is usually between 0 and 40%.",
        ),
        (
            Measurement(id="queue", name="Queue"),
            12.0,
            (0.0, 5.0),
            "Queue is 12. It is usually between 0 and 5.",
        ),
    ],
)
def test_the_sentence(
    measurement: Measurement, value: float, usual: tuple[float, float], sentence: str
) -> None:
    kind: Kind = "above_usual" if value > usual[1] else "below_usual"
    made = observation(measurement, Departure(kind, value, usual, 0.9))
    assert made.sentence == sentence
    assert (made.kind, made.unit, made.confidence) == (kind, measurement.unit, 0.9)
    assert (made.sensor, made.sensor_name) == (measurement.id, measurement.name)


@given(
    st.floats(-1e6, 1e6),
    st.floats(0.001, 1e4),
    st.floats(0.001, 1e6),
    st.booleans(),
    st.integers(0, 3),
)
def test_every_number_in_it_is_in_the_evidence_and_the_value_is_outside(
    low: float, width: float, beyond: float, above: bool, precision: int
) -> None:
    high = low + width
    value = high + beyond if above else low - beyond
    kind: Kind = "above_usual" if above else "below_usual"
    measurement = Measurement(id="x", name="Kettle", unit="°C", precision=precision)
    made = observation(measurement, Departure(kind, value, (low, high), 0.5))
    numbers = [
        float(text.replace(",", "").replace("−", "-"))
        for text in re.findall(r"−?\d[\d,]*(?:\.\d+)?", made.sentence)
    ]
    assert made.usual is not None
    assert made.value is not None
    assert numbers == pytest.approx([made.value, *made.usual], abs=1e-9)
    assert made.value > made.usual[1] if above else made.value < made.usual[0]


def test_a_simulated_sensor_is_quiet_in_its_own_time() -> None:
    observer = Observer(
        Measurement(id="x", name="Kettle", unit="°C", usual=(0, 100), spread=1),
        1,
        quiet=10,
        pace=60,
    )
    heard = [observer.notice(120.0 if second % 2 else 50.0, float(second)) for second in range(24)]
    assert [second for second, made in enumerate(heard) if made] == [1, 11, 21]
