from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from herdbook.alpaca.config import SystemConfig
from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.sensors.system import SystemSensor
from tests.fakes.clock import ManualClock


def sensor(clock: ManualClock | None = None, **settings: Any) -> SystemSensor:
    return SystemSensor(SystemConfig(**settings), clock or ManualClock())


def test_this_machine_has_values_for_everything_it_announces() -> None:
    system = sensor()
    samples = system.read()
    assert list(samples) == [measurement.id for measurement in system.measurements]
    assert not [sample for sample in samples.values() if isinstance(sample, Fault)]
    assert 0 < samples["system_memory"] <= 100  # type: ignore[operator]
    assert 0 < samples["system_disk"] <= 100  # type: ignore[operator]


def test_processor_use_is_that_of_the_time_between_two_readings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = [
        SimpleNamespace(user=10.0, idle=10.0, iowait=0.0),
        SimpleNamespace(user=13.0, idle=10.5, iowait=0.5),
        SimpleNamespace(user=13.0, idle=12.5, iowait=0.5),
    ]

    class Ticks(SimpleNamespace):
        def __iter__(self) -> Any:
            return iter(vars(self).values())

    monkeypatch.setattr(psutil, "cpu_times", lambda: Ticks(**vars(ticks.pop(0))))
    system = sensor()
    assert system.read()["system_cpu"] == pytest.approx(75)
    assert system.read()["system_cpu"] == pytest.approx(0)


def test_a_missing_disk_is_a_fault_of_the_disk_alone() -> None:
    samples = sensor(disk="/nowhere/at/all").read()
    assert isinstance(samples["system_disk"], Fault)
    assert isinstance(samples["system_memory"], float)


def test_the_last_restart_is_a_moment_and_needs_a_clock_that_was_set() -> None:
    system = sensor()
    started = next(m for m in system.measurements if m.id == "system_started")
    value = system.read()["system_started"]
    assert isinstance(value, float)
    assert datetime.fromisoformat(started.state(value)) <= datetime.now(UTC)
    assert isinstance(sensor(ManualClock(quality="unset")).read()["system_started"], Fault)


def test_a_temperature_is_announced_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = {"cpu_thermal": [SimpleNamespace(current=51.25)]}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: chips, raising=False)
    system = sensor()
    assert system.read()["system_temperature"] == 51.25
    chips.clear()
    assert isinstance(system.read()["system_temperature"], Fault)
    assert "system_temperature" not in sensor().read()
