from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.sensors.onewire import PLUGIN, OneWireConfig, OneWireSensor, temperature
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.value import Unreadable

DEVICE = "28-0316a2794cff"
GOOD = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
WRONG = "72 01 4b 46 7f ff 0e 10 58 : crc=57 NO\n72 01 4b 46 7f ff 0e 10 58 t=23125\n"
POWER_ON = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
SHORTED = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n"
COLD = "5e ff 4b 46 7f ff 02 10 5c : crc=5c YES\n5e ff 4b 46 7f ff 02 10 5c t=-10125\n"


def plug(root: Path, answer: str, device: str = DEVICE) -> Path:
    folder = root / "sys/bus/w1/devices" / device
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "w1_slave").write_text(answer)
    return folder


def sensor(root: Path) -> OneWireSensor:
    return OneWireSensor(
        OneWireConfig(id="boiler", name="Boiler", device=DEVICE, valid=(-55, 125)),
        Surroundings(root=root),
    )


def test_degrees(tmp_path: Path) -> None:
    boiler = sensor(tmp_path)
    plug(tmp_path, GOOD)
    assert boiler.read() == {"boiler": 23.125}
    plug(tmp_path, COLD)
    assert boiler.read() == {"boiler": -10.125}
    (measurement,) = boiler.measurements
    assert (measurement.unit, measurement.device_class) == ("°C", "temperature")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (WRONG, "checksum is wrong"),
        (POWER_ON, "85 °C, as after each power-on"),
        (SHORTED, "the bus is shorted"),
        ("", "gives no temperature"),
        (GOOD[:40], "gives no temperature"),
        (GOOD.replace("t=23125", "t=2_3"), "gives no temperature"),
        (GOOD.replace("23125", "130000"), "valid is -55 to 125"),
    ],
)
def test_what_is_wrong_is_said_and_is_no_number(tmp_path: Path, answer: str, words: str) -> None:
    plug(tmp_path, answer)
    fault = sensor(tmp_path).read()["boiler"]
    assert isinstance(fault, Fault)
    assert fault.reason.startswith("Boiler")
    assert words in fault.reason


def test_one_that_is_pulled_out_comes_back_by_itself(tmp_path: Path) -> None:
    boiler = sensor(tmp_path)
    assert boiler.read() == {"boiler": Fault(f"Boiler: {DEVICE} is not on the 1-Wire bus.")}
    folder = plug(tmp_path, GOOD)
    assert boiler.read() == {"boiler": 23.125}
    (folder / "w1_slave").unlink()
    folder.rmdir()
    assert isinstance(boiler.read()["boiler"], Fault)
    plug(tmp_path, GOOD)
    assert boiler.read() == {"boiler": 23.125}


def test_thermometers_are_found_and_nothing_else_is(tmp_path: Path) -> None:
    assert PLUGIN.discover is not None
    assert list(PLUGIN.discover(Surroundings(root=tmp_path))) == []
    plug(tmp_path, GOOD)
    plug(tmp_path, WRONG, "10-0008039ad4ee")
    plug(tmp_path, GOOD, "01-00000bd8a5b1")  # a serial number alone
    plug(tmp_path, GOOD, "w1_bus_master1")
    first, second = PLUGIN.discover(Surroundings(root=tmp_path))
    assert "checksum" in first.words
    assert second.words == f"the 1-Wire thermometer {DEVICE}, at 23.1 °C"
    assert second.table is not None
    assert (second.table["id"], second.table["device"]) == ("onewire_0316a2794cff", DEVICE)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode())))
def test_whatever_the_kernel_says_is_a_number_or_a_reason(answer: bytes) -> None:
    with suppress(Unreadable):
        assert -10_000 < temperature(answer) < 10_000
