from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from herdbook.alpaca.sensors.board import board_sources
from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.system import SystemConfig, SystemSensor
from herdbook.alpaca.words.german import GERMAN
from tests.fakes.clock import ManualClock


def sensor(clock: ManualClock | None = None, **settings: Any) -> SystemSensor:
    return SystemSensor(SystemConfig(**settings), Surroundings(clock or ManualClock()))


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


def test_a_machine_that_tells_nothing_has_faults_and_no_node_ends_by_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/proc/stat")

    with monkeypatch.context() as patch:
        for asked in ("cpu_times", "virtual_memory", "getloadavg", "boot_time"):
            patch.setattr(psutil, asked, missing)
        system = sensor()
        samples = system.read()
    faults = {name for name, sample in samples.items() if isinstance(sample, Fault)}
    assert faults == {"system_cpu", "system_memory", "system_load", "system_started"}
    assert isinstance(system.read()["system_cpu"], float), "it is mounted again"


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


def tree(root: Path, **files: str) -> Path:
    places = {
        "throttled": "sys/devices/platform/soc/soc:firmware/get_throttled",
        "life": "sys/block/mmcblk0/device/life_time",
        "end": "sys/block/mmcblk0/device/pre_eol_info",
        "wireless": "proc/net/wireless",
    }
    for name, content in files.items():
        path = root / places[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0
"""


def test_of_a_board_that_tells_nothing_nothing_is_announced(tmp_path: Path) -> None:
    assert board_sources("system", tmp_path) == []
    tree(tmp_path, life="\n", end="oh", wireless="")
    assert board_sources("system", tmp_path) == []
    tree(tmp_path, life="0x00 0x00\n", end="0x00\n", wireless=WIRELESS[:160])
    assert board_sources("system", tmp_path) == []


def test_a_board_tells_of_its_supply_its_storage_and_its_radio(tmp_path: Path) -> None:
    tree(tmp_path, throttled="50005\n", life="0x02 0x04\n", end="0x01\n", wireless=WIRELESS)
    system = SystemSensor(SystemConfig(), Surroundings(ManualClock(), root=tmp_path))
    units = {one.id: one.unit for one in system.measurements}
    assert (units["system_wear"], units["system_signal"]) == ("%", "dBm")
    spoken = Surroundings(ManualClock(), root=tmp_path, language=GERMAN)
    there = SystemSensor(SystemConfig(), spoken).measurements
    assert [one.id for one in there] == [one.id for one in system.measurements]
    assert [one.english for one in there] == [one.name for one in system.measurements]

    def read() -> dict[str, object]:
        samples = system.read()
        parts = ("undervoltage", "throttled", "wear", "wearing_out", "signal")
        return {part: samples[f"system_{part}"] for part in parts}

    assert read() == {
        "undervoltage": 1.0,
        "throttled": 1.0,
        "wear": 40.0,
        "wearing_out": 0.0,
        "signal": -56.0,
    }
    tree(tmp_path, throttled="0x50000", life="0x0b 0x01", end="0x02", wireless=WIRELESS[:160])
    samples = read()
    assert (samples["undervoltage"], samples["throttled"]) == (0.0, 0.0)
    assert (samples["wear"], samples["wearing_out"]) == (110.0, 1.0)
    assert samples["signal"] == Fault("Wi-Fi signal: wlan0 is not connected.")


def test_what_is_gone_or_garbage_is_a_fault_of_itself(tmp_path: Path) -> None:
    tree(tmp_path, throttled="0\n", life="0x01 0x01\n", wireless=WIRELESS)
    system = SystemSensor(SystemConfig(), Surroundings(ManualClock(), root=tmp_path))
    tree(tmp_path, throttled="oh", life="", wireless="\n\n wlan0: 0000 54. loud -256")
    samples = system.read()
    for part in ("undervoltage", "wear", "signal"):
        assert isinstance(samples[f"system_{part}"], Fault)
    (tmp_path / "proc/net/wireless").unlink()
    assert isinstance(system.read()["system_signal"], Fault)
    assert isinstance(samples["system_memory"], float)


def test_a_firmware_that_has_only_its_program_is_asked_by_it(tmp_path: Path) -> None:
    program = tmp_path / "usr/bin/vcgencmd"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x4\n')
    program.chmod(0o700)
    under, slowed = board_sources("system", tmp_path)
    assert (under[1](), slowed[1]()) == (0.0, 1.0)
    program.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(OSError, match="vcgencmd gives no answer"):
        under[1]()
    assert board_sources("system", tmp_path) == [], "another board's vcgencmd"
