"""A sensor in a simulated room, for demonstrations and tests: everything about it is real but it.

What it reads is a pure function of the seed and of simulated time.
"""

import random
from typing import Annotated, Final

from msgspec import Meta

from herdbook.alpaca.sensors.household import DAY, MINUTE, Conditions, Household
from herdbook.alpaca.sensors.measurement import Measurement, Sample, checked
from herdbook.alpaca.sensors.physics import Air, next_minute
from herdbook.alpaca.sensors.plugin import Plugin, Surroundings
from herdbook.alpaca.sensors.settings import Name, SensorId, SeveralSettings, require_printable

_PAST_MINUTES: Final = int(2 * DAY / MINUTE)  # simulated before the start, to settle the walls
_NOISE_C: Final = 0.05
_NOISE_RH: Final = 0.3
_NOISE_PPM: Final = 8.0


class RoomConfig(SeveralSettings, frozen=True, kw_only=True, tag="room"):
    """A simulated room.

    `speed` is how many seconds pass in it in one of ours. Its first incident begins
    `incident_after` of our seconds after the start; without it there is none.
    """

    id: SensorId = "room"
    name: Name = "Room"
    seed: Annotated[int, Meta(ge=0, lt=2**53)] = 1
    speed: Annotated[float, Meta(ge=1, le=3600)] = 1.0
    incident_after: Annotated[float, Meta(ge=0, le=604_800)] | None = None

    def __post_init__(self) -> None:
        require_printable(self.name)


class SimulatedRoom:
    """The room and the life in it. `at` is a pure function; going forward is what it is fast at."""

    def __init__(self, seed: int, first_incident: float | None = None) -> None:
        self._seed = seed
        self._first_incident = first_incident
        self._minute: int
        self._now: Conditions
        self._before: Air
        self._after: Air
        self._begin()

    def at(self, moment: float) -> tuple[Air, Conditions]:
        """The room at a simulated moment, in seconds from the start."""
        minute = int(moment // MINUTE)
        if minute < self._minute:
            self._begin()
        while self._minute < minute:
            self._minute += 1
            self._now = self._household.conditions(self._minute)
            self._before, self._after = self._after, next_minute(self._after, self._now)
        part = moment % MINUTE / MINUTE
        return _between(self._before, self._after, part), self._now

    def measured(self, moment: float) -> dict[str, float]:
        """What its sensors show: the room with their noise."""
        air, now = self.at(moment)
        noise = random.Random(f"{self._seed} noise {moment:.3f}")
        return {
            "temperature": air.air_c + noise.gauss(0, _NOISE_C),
            "humidity": min(100.0, max(0.0, air.relative_humidity + noise.gauss(0, _NOISE_RH))),
            "co2": air.co2_ppm + noise.gauss(0, _NOISE_PPM),
            "motion": float(now.motion),
            "door": float(now.door_open),
        }

    def _begin(self) -> None:
        self._household = Household(self._seed, self._first_incident)
        self._minute = -_PAST_MINUTES
        self._now = self._household.conditions(self._minute)
        self._before = Air()
        self._after = next_minute(self._before, self._now)


class RoomSensor:
    """Temperature, humidity, CO₂, motion and door of a `SimulatedRoom`."""

    def __init__(self, config: RoomConfig, surroundings: Surroundings) -> None:
        self.interval = config.interval
        self.quiet = config.quiet
        self.pace = config.speed
        self._clock = surroundings.clock
        self._started_ms = self._clock.monotonic_ms()
        after = config.incident_after
        self._room = SimulatedRoom(config.seed, None if after is None else after * config.speed)
        self.measurements = config.tuned(
            *(surroundings.named(one, config.name) for one in _measurements(config.id))
        )
        self._parts = {
            measurement.id.removeprefix(f"{config.id}_"): measurement
            for measurement in self.measurements
        }

    def read(self) -> dict[str, Sample]:
        """See `Sensor`."""
        moment = (self._clock.monotonic_ms() - self._started_ms) / 1000 * self.pace
        values = self._room.measured(moment)
        return {
            measurement.id: checked(measurement, values[part])
            for part, measurement in self._parts.items()
        }


def _measurements(sensor_id: str) -> tuple[Measurement, ...]:
    return (
        Measurement(
            id=f"{sensor_id}_temperature",
            name="temperature",
            unit="°C",
            device_class="temperature",
            precision=1,
            spread=0.5,
            valid=(-40, 85),
        ),
        Measurement(
            id=f"{sensor_id}_humidity",
            name="humidity",
            unit="%",
            device_class="humidity",
            precision=0,
            spread=3,
            valid=(0, 100),
        ),
        Measurement(
            id=f"{sensor_id}_co2",
            name="CO₂",
            unit="ppm",
            device_class="carbon_dioxide",
            spread=50,
            valid=(350, 40_000),
        ),
        Measurement(
            id=f"{sensor_id}_motion",
            name="motion",
            form="binary",
            device_class="motion",
            state_class=None,
        ),
        Measurement(
            id=f"{sensor_id}_door",
            name="door",
            form="binary",
            device_class="door",
            state_class=None,
        ),
    )


def _between(before: Air, after: Air, part: float) -> Air:
    def mix(one: float, other: float) -> float:
        return one + (other - one) * part

    return Air(
        air_c=mix(before.air_c, after.air_c),
        walls_c=mix(before.walls_c, after.walls_c),
        co2_ppm=mix(before.co2_ppm, after.co2_ppm),
        vapour_g_m3=mix(before.vapour_g_m3, after.vapour_g_m3),
    )


PLUGIN = Plugin(RoomConfig, RoomSensor)
