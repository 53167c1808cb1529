"""Chips on an I²C bus: Adafruit's real drivers over chips that answer as their datasheets say."""

import struct
import threading
from pathlib import Path
from types import SimpleNamespace

import adafruit_scd4x
import pytest
from msgspec import Struct

from herdbook.alpaca.sensors.i2c import bus as bus_module
from herdbook.alpaca.sensors.measurement import Fault, Sample, Sensor
from herdbook.alpaca.sensors.plugin import Found, Surroundings
from herdbook.alpaca.sensors.registry import Registry
from tests.fakes.clock import ManualClock
from tests.fakes.i2c import Ads1115Double, Bme280Double, Scd4xDouble, Wires

# The example of the datasheets (BMP280, 3.12): 25.08 °C and 100,653.27 Pa.
T_AND_P = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
ADC_T, ADC_P = 519_888, 415_148
H = (75, 370, 0, 313, 50, 30)  # H1 to H6 of a chip, for which there is no example
ADC_H = 30_281


def bme280(adc_t: int = ADC_T) -> Bme280Double:
    h1, h2, h3, h4, h5, h6 = H
    humidity = struct.pack("<hB", h2, h3)
    humidity += bytes([h4 >> 4, (h4 & 0xF) | (h5 & 0xF) << 4, h5 >> 4, h6])
    calibration = {0x88: struct.pack("<HhhHhhhhhhhh", *T_AND_P), 0xA1: bytes([h1]), 0xE1: humidity}
    measured = (ADC_P << 4).to_bytes(3) + (adc_t << 4).to_bytes(3) + ADC_H.to_bytes(2)
    return Bme280Double(calibration, measured)


def humidity_of(t_fine: int) -> float:
    """The datasheet's own compensation in whole numbers (4.2.3), in per cent."""
    h1, h2, h3, h4, h5, h6 = H
    v = t_fine - 76_800
    v = (((ADC_H << 14) - (h4 << 20) - h5 * v + 16_384) >> 15) * (
        ((((((v * h6) >> 10) * (((v * h3) >> 11) + 32_768)) >> 10) + 2_097_152) * h2 + 8192) >> 14
    )
    v -= ((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4
    return min(max(v, 0), 419_430_400) / 4_194_304


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    wires = Wires()
    wires.use(monkeypatch)
    monkeypatch.setattr(adafruit_scd4x, "time", SimpleNamespace(sleep=lambda _s: None))
    return wires


def opened(table: dict[str, object], surroundings: Surroundings | None = None) -> Sensor:
    kinds = Registry()
    settings = kinds.settings({"id": "x", "name": "Attic"} | table, Path("alpaca.toml"), "")
    return kinds.open(settings, surroundings or Surroundings(ManualClock()))


def reason(sample: Sample) -> str:
    assert isinstance(sample, Fault)
    return sample.reason


def test_a_bme280_shows_what_its_datasheet_says(wires: Wires) -> None:
    wires.buses[1][0x76] = bme280()
    sensor = opened({"kind": "bme280"})
    samples = sensor.read()
    assert samples["x_temperature"] == pytest.approx(25.08, abs=0.005)
    assert samples["x_pressure"] == pytest.approx(1006.5327, abs=0.01)
    assert samples["x_humidity"] == pytest.approx(humidity_of(128_422), abs=0.05)
    assert [(one.name, one.unit) for one in sensor.measurements] == [
        ("Attic temperature", "°C"),
        ("Attic humidity", "%"),
        ("Attic pressure", "hPa"),
    ]


def test_a_chip_that_is_pulled_out_comes_back_with_its_own_calibration(wires: Wires) -> None:
    sensor = opened({"kind": "bme280", "address": 0x77})
    assert "Attic temperature: the chip at 0x77 does not answer" in reason(
        sensor.read()["x_temperature"]
    )
    wires.buses[1][0x77] = bme280()
    assert sensor.read()["x_temperature"] == pytest.approx(25.08, abs=0.005)
    wires.buses[1].clear()
    assert {type(sample) for sample in sensor.read().values()} == {Fault}
    other = bme280()
    other._calibration[0x88] = struct.pack("<HhhHhhhhhhhh", 27404, *T_AND_P[1:])
    other._reset()
    wires.buses[1][0x77] = other
    warmer = sensor.read()["x_temperature"]
    assert isinstance(warmer, float)
    assert warmer > 25.5


def test_another_chip_at_that_address_is_a_fault(wires: Wires) -> None:
    bmp = bme280()
    bmp.registers[0xD0] = 0x58
    wires.buses[1][0x76] = bmp
    assert "Chip ID 0x58" in reason(opened({"kind": "bme280"}).read()["x_pressure"])


def test_a_bus_that_is_missing_or_pulled_out_is_a_fault_until_it_is_back(wires: Wires) -> None:
    sensor = opened({"kind": "bme280", "bus": 7})
    assert "there is no I²C bus 7" in reason(sensor.read()["x_temperature"])
    wires.buses[7] = {0x76: bme280()}
    assert isinstance(sensor.read()["x_temperature"], float)
    chips = wires.buses.pop(7)
    assert "No such device" in reason(sensor.read()["x_temperature"])
    wires.buses[7] = chips
    assert isinstance(sensor.read()["x_temperature"], float)


# The example of the datasheet's read_measurement: 500 ppm, 25 °C, 37 %.
EXAMPLE = bytes.fromhex("01f433 6667a2 5eb93c")


def test_an_scd4x_shows_what_its_datasheet_says(wires: Wires) -> None:
    clock, chip = ManualClock(), Scd4xDouble(EXAMPLE)
    wires.buses[1][0x62] = chip
    sensor = opened({"kind": "scd4x"}, Surroundings(clock))
    assert "has just been started" in reason(sensor.read()["x_co2"])
    assert chip.measures
    clock.advance(5000)
    chip.new = True
    samples = sensor.read()
    assert samples["x_co2"] == 500
    assert samples["x_temperature"] == pytest.approx(25, abs=0.01)
    assert samples["x_humidity"] == pytest.approx(37, abs=0.01)
    clock.advance(2000)
    assert sensor.read() == samples, "between two measurements the last one holds"


def test_an_scd4x_that_has_lost_its_power_is_started_again(wires: Wires) -> None:
    clock, chip = ManualClock(), Scd4xDouble(EXAMPLE)
    wires.buses[1][0x62] = chip
    sensor = opened({"kind": "scd4x"}, Surroundings(clock))
    sensor.read()
    chip.new = True
    assert sensor.read()["x_co2"] == 500
    chip.measures = False
    clock.advance(31_000)
    assert "is started again" in reason(sensor.read()["x_co2"])
    assert "has just been started" in reason(sensor.read()["x_co2"])
    assert (chip.measures, chip.started) == (True, 2)
    chip.new = True
    assert sensor.read()["x_co2"] == 500


def test_a_disturbed_word_is_no_value(wires: Wires) -> None:
    chip = Scd4xDouble(bytes.fromhex("01f534 6667a2 5eb93c"))
    wires.buses[1][0x62] = chip
    sensor = opened({"kind": "scd4x"})
    sensor.read()
    chip.new = True
    assert "CRC" in reason(sensor.read()["x_co2"])


def test_an_ads1115_shows_the_voltage_of_its_input(wires: Wires) -> None:
    wires.buses[1][0x48] = Ads1115Double([0.0, 1.0, 3.3, -0.002])
    surroundings = Surroundings(ManualClock())
    volts = [opened({"kind": "ads1115", "channel": n}, surroundings) for n in range(4)]
    assert [one.read()["x"] for one in volts] == pytest.approx([0, 1, 3.3, -0.002], abs=0.0001)
    assert (volts[0].measurements[0].unit, volts[0].measurements[0].device_class) == (
        "V",
        "voltage",
    )
    fine = opened({"kind": "ads1115", "channel": 3, "range": 0.256, "scale": 1000.0, "unit": "mV"})
    assert fine.read()["x"] == pytest.approx(-2, abs=0.01)
    assert fine.measurements[0].unit == "mV"


def test_two_inputs_of_one_chip_are_never_mixed_up(wires: Wires) -> None:
    wires.buses[1][0x48] = Ads1115Double([0.5, 1.5, 2.5, 3.5])
    surroundings = Surroundings(ManualClock())
    inputs = [opened({"kind": "ads1115", "channel": n}, surroundings) for n in range(4)]
    wrong: list[Sample] = []

    def read(number: int) -> None:
        for _ in range(100):
            sample = inputs[number].read()["x"]
            if sample != pytest.approx(0.5 + number, abs=0.001):
                wrong.append(sample)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_chip_that_never_is_ready_does_not_hang(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "READING_S", 0.05)
    chip = wires.buses[1][0x48] = Ads1115Double([1.0] * 4)
    sensor = opened({"kind": "ads1115", "channel": 0})
    chip.stuck = True
    assert "timed out" in reason(sensor.read()["x"])
    chip.stuck = False
    assert sensor.read()["x"] == pytest.approx(1.0, abs=0.0001)


def test_chips_are_found_by_what_they_answer(wires: Wires, tmp_path: Path) -> None:
    for number, name in ((1, "bcm2835 (i2c@7e804000)"), (4, "i915 gmbus dpb"), (9, "ghost")):
        folder = tmp_path / f"sys/class/i2c-dev/i2c-{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
    used = Ads1115Double([0.0] * 4)
    used.config = 0x1234
    wires.buses[1] |= {
        0x76: bme280(), 0x62: Scd4xDouble(EXAMPLE), 0x48: Ads1115Double([0.0] * 4), 0x49: used
    }  # fmt: skip
    wires.buses[4] = {0x76: bme280()}

    def found(kind: str) -> list[Found]:
        return Registry().discover(kind, Surroundings(root=tmp_path))

    for kind, address in (("bme280", "0x76"), ("scd4x", "0x62"), ("ads1115", "0x48")):
        (one,) = found(kind)
        assert f"{address} of the I²C bus 1" in one.words
        assert one.table is not None
        assert isinstance(Registry().settings(one.table, Path("alpaca.toml"), ""), Struct)
    wires.buses[1].clear()
    assert found("bme280") == found("scd4x") == found("ads1115") == []
