"""The machine's own state, from psutil: what tells whether a node is well."""

import time
from typing import Annotated, Any, Final

import psutil
from msgspec import Meta

from herdbook.alpaca.sensors.board import Source, board_sources
from herdbook.alpaca.sensors.measurement import Measurement, Sample, checked
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import SensorId, SeveralSettings
from herdbook.alpaca.sensors.value import Unreadable, fault_of

# The processor's own sensor, by the names its drivers have: Raspberry Pi, Intel, AMD, other ARM.
_THERMAL_CHIPS: Final = ("cpu_thermal", "coretemp", "k10temp", "soc_thermal", "cpu-thermal")
_SHORTEST_CPU_SPAN_S: Final = 0.2  # the kernel counts in hundredths of a second


class SystemConfig(SeveralSettings, frozen=True, kw_only=True, tag="system"):
    """This machine's own state. `disk` is a path on what is measured."""

    id: SensorId = "system"
    disk: Annotated[str, Meta(min_length=1)] = "/"


class SystemSensor:
    """Processor, memory, disk, load and the last restart; and what this machine has beside.

    That is its temperature, and what `herdbook.alpaca.sensors.board` finds.
    """

    pace = 1.0

    def __init__(self, config: SystemConfig, surroundings: Surroundings) -> None:
        self.interval = config.interval
        self.quiet = config.quiet
        self._disk = config.disk
        self._clock = surroundings.clock
        self._ticks = _ticks_at_the_start()
        chip = _thermal_chip()
        sources: list[Source] = [
            (_percent(config.id, "cpu", "CPU use", 10, "mdi:cpu-64-bit"), self._cpu),
            (_percent(config.id, "memory", "Memory use", 3, "mdi:memory"), self._memory),
            (_percent(config.id, "disk", "Disk use", 1, "mdi:harddisk"), self._disk_use),
            (
                Measurement(
                    id=f"{config.id}_load",
                    name="Load (1 minute)",
                    precision=2,
                    valid=(0, 1_000_000),
                    icon="mdi:gauge",
                    diagnostic=True,
                ),
                self._load,
            ),
            (
                Measurement(
                    id=f"{config.id}_started",
                    name="Last restart",
                    form="moment",
                    device_class="uptime",
                    state_class=None,
                    diagnostic=True,
                ),
                self._started,
            ),
        ]
        if chip is not None:
            sources.append(
                (
                    Measurement(
                        id=f"{config.id}_temperature",
                        name="CPU temperature",
                        unit="°C",
                        device_class="temperature",
                        precision=1,
                        spread=3,
                        valid=(-40, 150),
                        diagnostic=True,
                    ),
                    lambda: _temperature(chip),
                )
            )
        sources += board_sources(config.id, surroundings.root)
        self.measurements = config.tuned(*(surroundings.named(one) for one, _ in sources))
        self._read = [read for _, read in sources]

    def read(self) -> dict[str, Sample]:
        """See `Sensor`. The first one takes 0.2 s: a processor is measured over a span."""
        samples: dict[str, Sample] = {}
        for measurement, read in zip(self.measurements, self._read, strict=True):
            try:
                samples[measurement.id] = checked(measurement, read())
            except (OSError, ValueError, psutil.Error, Unreadable) as error:
                samples[measurement.id] = fault_of(measurement.name, error)
        return samples

    def _cpu(self) -> float:
        # psutil.cpu_percent remembers its last call per thread, and we come from several.
        before, now = self._ticks, psutil.cpu_times()
        if before is None:
            before = now
        if _total(now) - _total(before) < _SHORTEST_CPU_SPAN_S:
            time.sleep(_SHORTEST_CPU_SPAN_S)
            now = psutil.cpu_times()
        self._ticks = now
        span = _total(now) - _total(before)
        if span <= 0:
            raise Unreadable("the kernel's counters stand still")
        return min(100.0, max(0.0, 100.0 * (1 - (_idle(now) - _idle(before)) / span)))

    def _memory(self) -> float:
        return float(psutil.virtual_memory().percent)

    def _disk_use(self) -> float:
        return float(psutil.disk_usage(self._disk).percent)

    def _load(self) -> float:
        return psutil.getloadavg()[0]

    def _started(self) -> float:
        if self._clock.quality() == "unset":
            raise Unreadable("this machine's clock has not been set yet")
        return psutil.boot_time()


def _percent(sensor_id: str, part: str, name: str, spread: float, icon: str) -> Measurement:
    return Measurement(
        id=f"{sensor_id}_{part}",
        name=name,
        unit="%",
        precision=1,
        spread=spread,
        valid=(0, 100),
        icon=icon,
        diagnostic=True,
    )


def _ticks_at_the_start() -> Any:
    """None where the kernel tells nobody: that is for the readings to say."""
    try:
        return psutil.cpu_times()
    except OSError:
        return None


def _total(ticks: Any) -> float:
    # A guest's time is counted in user and nice already.
    return float(sum(ticks) - getattr(ticks, "guest", 0.0) - getattr(ticks, "guest_nice", 0.0))


def _idle(ticks: Any) -> float:
    return float(ticks.idle + getattr(ticks, "iowait", 0.0))


def _thermal_chip() -> str | None:
    if not hasattr(psutil, "sensors_temperatures"):  # not on macOS and Windows
        return None
    chips = psutil.sensors_temperatures()
    return next((chip for chip in _THERMAL_CHIPS if chips.get(chip)), None)


def _temperature(chip: str) -> float:
    entries = psutil.sensors_temperatures().get(chip)
    if not entries:
        raise Unreadable("{chip} is gone", chip=chip)
    return float(entries[0].current)


def _discover(_surroundings: Surroundings) -> list[Found]:
    return [Found("this machine itself", {"kind": "system"})]


PLUGIN = Plugin(SystemConfig, SystemSensor, _discover)
