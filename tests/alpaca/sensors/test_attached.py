from pathlib import Path

import pytest

from herdbook.alpaca.config import load
from herdbook.alpaca.sensors.attached import look_around
from herdbook.alpaca.sensors.opening import open_sensors
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.cli.toml_text import document_text
from tests.alpaca.packages import install
from tests.alpaca.sensors import test_iio, test_onewire
from tests.fakes.i2c import Wires


@pytest.fixture(autouse=True)
def no_wires(monkeypatch: pytest.MonkeyPatch) -> None:
    Wires().use(monkeypatch)


def machine(root: Path) -> Surroundings:
    test_onewire.plug(root, test_onewire.GOOD)
    test_iio.plug(root, "bme280", {"in_temp_input": "20000", "in_pressure_input": "101"})
    test_iio.plug(root, "bme280", {"in_temp_input": "21000"}, number=1)
    zone = root / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("45678\n")
    (zone.parent / "thermal_zone1").mkdir()  # one that is switched off
    return Surroundings(root=root)


def test_everything_is_found_and_can_be_read_as_it_is(tmp_path: Path) -> None:
    around = look_around(machine(tmp_path / "machine"))
    assert around.broken == []
    tables = [one.table for one in around.found if one.table is not None]
    assert {str(table.get("id", table["kind"])) for table in tables} == {
        "thermal_0", "bme280_temp", "bme280_pressure", "bme280_temp_2",
        "onewire_0316a2794cff", "system",
    }  # fmt: skip
    assert "at 45.7 °C" in next(one.words for one in around.found if one.kind == "file")
    file = tmp_path / "alpaca.toml"
    document = {"name": "Hallway", "data": "node", "sensor": tables}
    file.write_text(document_text(document), encoding="utf-8")
    config = load(file)
    assert len(open_sensors(config, Surroundings(broker=config.broker))) == len(tables)


def test_ids_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    around = look_around(machine(tmp_path), taken=["system", "thermal_0", "thermal_0_2"])
    ids = [one.table["id"] for one in around.found if one.table and "id" in one.table]
    assert "system_2" in ids
    assert "thermal_0_3" in ids


def test_a_broken_kind_is_said_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from herdbook.alpaca.sensors.plugin import Plugin\n"
        "from herdbook.alpaca.sensors.settings import ValueSettings\n"
        "class S(ValueSettings, frozen=True, kw_only=True, tag='tide'): pass\n"
        "def look(surroundings):\n    yield 1 / 0\n"
        "PLUGIN = Plugin(S, print, look)\n"
    )
    install(
        tmp_path / "package",
        monkeypatch,
        "herd-tide",
        {"tide": "tide_looks:PLUGIN", "ebb": "nowhere_at_all:PLUGIN"},
        {"tide_looks.py": source},
    )
    around = look_around(machine(tmp_path / "machine"))
    ebb, tide = map(str, around.broken)
    assert "“ebb” of herd-tide 1.0 cannot be loaded" in ebb
    assert "“tide” of herd-tide 1.0 cannot look around: ZeroDivisionError" in tide
    assert "system" in {one.kind for one in around.found}
