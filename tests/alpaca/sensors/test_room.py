"""The room is simulated, so it is held to what is known of rooms."""

from collections.abc import Iterator
from statistics import mean

import pytest

from herdbook.alpaca.sensors.household import DAY, HOUR, MINUTE, Conditions, Household
from herdbook.alpaca.sensors.physics import Air, next_minute, saturation
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.room import RoomConfig, RoomSensor, SimulatedRoom
from tests.fakes.clock import ManualClock

SEEDS = (1, 2, 7, 42, 2**52)
EMPTY = Conditions(
    outdoor_c=3.0,
    sun_w=0.0,
    people=0,
    thermostat_c=21.0,
    window_open=False,
    door_open=False,
    motion=False,
)


def week(
    seed: int, first_incident: float | None = None
) -> Iterator[tuple[float, dict[str, float]]]:
    room = SimulatedRoom(seed, first_incident)
    for step in range(7 * 24 * 12):
        yield step * 5 * MINUTE, room.measured(step * 5 * MINUTE)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_ordinary_week_stays_within_what_people_live_in(seed: int) -> None:
    samples = [sample for _, sample in week(seed)]
    temperatures = [sample["temperature"] for sample in samples]
    assert min(temperatures) > 15.5
    assert max(temperatures) < 24
    assert 19 < mean(temperatures) < 21
    co2 = [sample["co2"] for sample in samples]
    assert min(co2) > 390
    assert 800 < max(co2) < 1400
    humidity = [sample["humidity"] for sample in samples]
    assert min(humidity) > 12
    assert max(humidity) < 65
    motion = mean(sample["motion"] for sample in samples)
    assert 0.1 < motion < 0.6
    assert 0 < mean(sample["door"] for sample in samples) < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_nights_are_colder_and_fresher_than_evenings(seed: int) -> None:
    samples = list(week(seed))

    def at(hour: float, key: str) -> float:
        # Time 0 is 18:00.
        return mean(s[key] for t, s in samples if abs((t / HOUR + 18 - hour) % 24) < 0.5)

    assert at(21, "temperature") - at(5, "temperature") > 1.5
    assert at(22, "co2") - at(5, "co2") > 150


def test_it_is_a_function_of_seed_and_time() -> None:
    one, other = SimulatedRoom(7, 2400), SimulatedRoom(7, 2400)
    moments = [0.0, 5 * HOUR, 61.5, 30 * HOUR, 5 * HOUR, 0.0]
    forwards = {moment: one.measured(moment) for moment in sorted(moments)}
    for moment in moments:
        assert other.measured(moment) == forwards[moment]
    assert SimulatedRoom(8, 2400).measured(5 * HOUR) != forwards[5 * HOUR]


@pytest.mark.parametrize("seed", range(12))
def test_the_first_incident_comes_when_asked_for_and_is_felt(seed: int) -> None:
    household = Household(seed, 2400.0)
    assert household.incident_at(2399) is None
    incident = household.incident_at(2400)
    assert incident is not None
    room = SimulatedRoom(seed, 2400.0)
    before, _ = room.at(2400)
    after, _ = room.at(incident.end - MINUTE)
    if incident.kind == "window":
        assert after.air_c < before.air_c - 4
        assert after.co2_ppm < 520
    else:
        assert after.co2_ppm > before.co2_ppm + 500
        assert after.vapour_g_m3 > before.vapour_g_m3
    later, _ = room.at(incident.end + 3 * HOUR)
    assert abs(later.air_c - before.air_c) < 4


@pytest.mark.parametrize("seed", SEEDS)
def test_later_incidents_come_every_so_often(seed: int) -> None:
    household = Household(seed, 2400.0)
    hours = [household.incident_at(h * HOUR) for h in range(7 * 24)]
    starts = {incident.start for incident in hours if incident}
    assert 4 <= len(starts) <= 20
    kinds = {
        household.incident_at(h * HOUR / 4).kind
        for h in range(7 * 96)
        if household.incident_at(h * HOUR / 4)
    }  # type: ignore[union-attr]
    assert kinds <= {"window", "guests"}


def test_without_incident_after_nothing_goes_wrong() -> None:
    household = Household(7)
    assert not any(household.incident_at(minute * MINUTE) for minute in range(0, 7 * 24 * 60, 30))


def test_an_empty_room_comes_to_outdoor_air_and_the_thermostat() -> None:
    air = Air(co2_ppm=2500, vapour_g_m3=12)
    for _ in range(24 * 60):
        air = next_minute(air, EMPTY)
    assert air.co2_ppm == pytest.approx(425, abs=1)
    assert air.air_c == pytest.approx(20.7, abs=0.3)
    assert air.vapour_g_m3 == pytest.approx(0.85 * saturation(3.0), abs=0.1)


def test_carbon_dioxide_balances_what_people_exhale() -> None:
    air = Air()
    for _ in range(24 * 60):
        air = next_minute(air, Conditions(3.0, 0.0, 2, 21.0, False, False, True))
    assert air.co2_ppm == pytest.approx(425 + 2 * 0.018 / 50 * 1e6, rel=0.01)


def test_saturation_is_that_of_the_tables() -> None:
    assert saturation(20.0) == pytest.approx(17.3, abs=0.1)
    assert saturation(0.0) == pytest.approx(4.85, abs=0.05)


def test_the_sensor_runs_at_its_speed() -> None:
    clock = ManualClock()
    sensor = RoomSensor(RoomConfig(id="attic", name="Attic", seed=3, speed=60), Surroundings(clock))
    clock.advance(10_000)
    room = SimulatedRoom(3).measured(600)
    assert sensor.read() == {f"attic_{part}": value for part, value in room.items()}
    assert [m.name for m in sensor.measurements][:3] == [
        "Attic temperature",
        "Attic humidity",
        "Attic CO₂",
    ]
    assert sensor.pace == 60


def test_a_day_costs_little() -> None:
    room = SimulatedRoom(1, 0.0)
    room.at(DAY)
    assert room.at(DAY)[0].co2_ppm > 400
