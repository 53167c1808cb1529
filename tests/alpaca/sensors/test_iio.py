from pathlib import Path

import pytest

from herdbook.alpaca.sensors.iio import PLUGIN, IioConfig, IioSensor
from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.sensors.plugin import Surroundings


def plug(root: Path, name: str, files: dict[str, str], number: int = 0) -> Path:
    folder = root / f"sys/bus/iio/devices/iio:device{number}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    for file, content in files.items():
        (folder / file).write_text(f"{content}\n")
    return folder


def sensor(root: Path, channel: str, device: str = "bme280", **more: object) -> IioSensor:
    config = IioConfig(id="x", name="X", device=device, channel=channel, **more)  # type: ignore[arg-type]
    return IioSensor(config, Surroundings(root=root))


@pytest.mark.parametrize(
    ("files", "channel", "value", "unit"),
    [
        ({"in_temp_input": "21340"}, "temp", 21.34, "°C"),
        ({"in_humidityrelative_input": "48500.5"}, "humidityrelative", 48.5005, "%"),
        ({"in_pressure_input": "101.325"}, "pressure", 1013.25, "hPa"),
        ({"in_voltage0_raw": "1000", "in_voltage_scale": "0.125"}, "voltage0", 0.125, "V"),
        (
            {"in_voltage0_raw": "1000", "in_voltage_scale": "9", "in_voltage0_scale": "2"},
            "voltage0",
            2.0,
            "V",
        ),
        (
            {"in_temp_raw": "400", "in_temp_offset": "-100.5", "in_temp_scale": "80"},
            "temp",
            23.96,
            "°C",
        ),
        ({"in_concentration_co2_raw": "812", "in_concentration_co2_scale": "0.0001"},
         "concentration_co2", 812.0, "ppm"),
        ({"in_illuminance_input": "310"}, "illuminance", 310.0, "lx"),
        ({"in_accel_x_raw": "-7"}, "accel_x", -7.0, None),
    ],
)  # fmt: skip
def test_channels_are_in_the_units_that_people_use(
    tmp_path: Path, files: dict[str, str], channel: str, value: float, unit: str | None
) -> None:
    plug(tmp_path, "bme280", files)
    iio = sensor(tmp_path, channel)
    assert iio.read()["x"] == pytest.approx(value)
    assert iio.measurements[0].unit == unit


def test_a_table_may_say_otherwise(tmp_path: Path) -> None:
    plug(tmp_path, "adc", {"in_voltage0_input": "500"})
    soil = sensor(tmp_path, "voltage0", "adc", unit="%", device_class="moisture", scale=100.0)
    assert soil.read() == {"x": 50.0}
    assert (soil.measurements[0].unit, soil.measurements[0].device_class) == ("%", "moisture")


def test_a_device_is_found_again_under_another_number(tmp_path: Path) -> None:
    iio = sensor(tmp_path, "temp")
    assert iio.read() == {"x": Fault("X: there is no IIO device bme280.")}
    folder = plug(tmp_path, "bme280", {"in_temp_input": "20000"})
    assert iio.read() == {"x": 20.0}
    (folder / "name").write_text("another\n")
    plug(tmp_path, "bme280", {"in_temp_input": "21000"}, number=3)
    assert iio.read() == {"x": 21.0}
    assert sensor(tmp_path, "temp", "iio:device0").read() == {"x": 20.0}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no channel temp"),
        ({"in_temp_input": "warm"}, "gives no number"),
        ({"in_temp_input": ""}, "gives no number"),
        ({"in_temp_raw": "1", "in_temp_scale": "x"}, "gives no number"),
        ({"in_temp_input": "nan"}, "not a number"),
    ],
)
def test_what_is_no_number_is_a_fault(tmp_path: Path, files: dict[str, str], words: str) -> None:
    plug(tmp_path, "bme280", files)
    fault = sensor(tmp_path, "temp").read()["x"]
    assert isinstance(fault, Fault)
    assert words in fault.reason


def test_every_channel_is_found(tmp_path: Path) -> None:
    assert PLUGIN.discover is not None
    assert list(PLUGIN.discover(Surroundings(root=tmp_path))) == []
    plug(tmp_path, "bme280", {"in_temp_input": "20000", "in_pressure_raw": "1", "in_x": "2"})
    plug(tmp_path, "ADS 1115", {"in_voltage0-voltage1_raw": "3"}, number=1)
    tables = [found.table for found in PLUGIN.discover(Surroundings(root=tmp_path))]
    assert [table and (table["id"], table["channel"]) for table in tables] == [
        ("bme280_pressure", "pressure"),
        ("bme280_temp", "temp"),
        ("ads_1115_voltage0_voltage1", "voltage0-voltage1"),
    ]
