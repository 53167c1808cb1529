import os
from pathlib import Path

import pytest

from herdbook.alpaca.sensors.file import FileConfig, FileSensor
from herdbook.alpaca.sensors.measurement import Fault, Sample


def sample(path: Path, *, scale: float = 1.0, valid: tuple[float, float] | None = None) -> Sample:
    sensor = FileSensor(
        FileConfig(id="boiler", name="Boiler", path=str(path), scale=scale, valid=valid, unit="°C")
    )
    return sensor.read()["boiler"]


def test_a_thermal_zone_is_scaled(tmp_path: Path) -> None:
    (tmp_path / "temp").write_text("45678\n")
    assert sample(tmp_path / "temp", scale=0.001) == pytest.approx(45.678)


def test_it_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "value"
    sensor = FileSensor(FileConfig(id="boiler", name="Boiler", path=str(path)))
    assert isinstance(sensor.read()["boiler"], Fault)
    path.write_text("1.5")
    assert sensor.read() == {"boiler": 1.5}
    path.write_text("-2e1")
    assert sensor.read() == {"boiler": -20.0}
    path.unlink()
    assert isinstance(sensor.read()["boiler"], Fault)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"warm", b"12 13", b"1_000", b"0x10", "１２".encode(), b"\xff\xfe", b"9" * 500],
)
def test_what_is_no_number_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "value").write_bytes(content)
    fault = sample(tmp_path / "value", valid=(0, 1e6))
    assert isinstance(fault, Fault)
    assert "Boiler" in fault.reason


@pytest.mark.parametrize("content", ["nan", "inf", "-inf", "1e999"])
def test_not_a_finite_number_is_a_fault(tmp_path: Path, content: str) -> None:
    (tmp_path / "value").write_text(content)
    fault = sample(tmp_path / "value")
    assert isinstance(fault, Fault)
    assert "not a number" in fault.reason


def test_a_number_too_large_to_keep_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("1e18")
    fault = sample(tmp_path / "value")
    assert isinstance(fault, Fault)
    assert "too large" in fault.reason


def test_outside_the_valid_range_is_a_fault_and_the_limits_are_not(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("127.9")
    assert sample(path, valid=(-40, 125)) == Fault("Boiler reads 127.9 °C; valid is -40 to 125.")
    path.write_text("125")
    assert sample(path, valid=(-40, 125)) == 125


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    fault = sample(tmp_path / "pipe")
    assert isinstance(fault, Fault)
    assert "not a regular file" in fault.reason


def test_a_folder_is_a_fault(tmp_path: Path) -> None:
    assert isinstance(sample(tmp_path), Fault)
