from pathlib import Path

import pytest

from herdbook.alpaca.sensors import registry
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.registry import Registry
from herdbook.errors import ConfigError
from tests.alpaca.packages import install

FILE = Path("alpaca.toml")
GOOD = """
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.plugin import Plugin
from herdbook.alpaca.sensors.settings import ValueSettings

class Settings(ValueSettings, frozen=True, kw_only=True, tag="{kind}"):
    height: float

class Tide:
    pace, interval, quiet = 1.0, 30, 900
    measurements = (Measurement(id="pier", name="Pier"),)
    def __init__(self, settings, surroundings):
        {body}

PLUGIN = Plugin(Settings, Tide)
"""
TABLE = {"kind": "tide", "id": "pier", "name": "Pier", "height": 2.0}


def opened(table: object) -> object:
    kinds = Registry()
    return kinds.open(kinds.settings(table, FILE, " in [[sensor]] number 1"), Surroundings())


def test_ours_are_registered_as_others_are() -> None:
    assert {"file", "room", "system"} <= set(Registry().kinds)
    for kind in Registry().kinds:
        assert Registry().plugin(kind).settings.__struct_config__.tag == kind


def test_another_packages_kind_is_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = GOOD.format(kind="tide", body="self.settings = settings")
    install(tmp_path, monkeypatch, "herd-tide", {"tide": "tide_a:PLUGIN"}, {"tide_a.py": source})
    sensor = opened(TABLE)
    assert sensor.settings.height == 2.0  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"alpaca\.toml in .* number 1 at “height”"):
        opened(TABLE | {"height": "tall"})
    with pytest.raises(ConfigError, match="unknown field `hight`"):
        opened(TABLE | {"hight": 1})


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match="“kind”: Invalid value 'tide'") as caught:
        opened(TABLE)
    assert "system" in caught.value.fix


BROKEN = {
    "import": ("import a_module_that_is_missing", "cannot be loaded: ModuleNotFoundError"),
    "syntax": ("PLUGIN = (", "cannot be loaded: SyntaxError"),
    "raises": ("raise ZeroDivisionError('oh')", "cannot be loaded: ZeroDivisionError: oh"),
    "exits": ("raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
    "nothing": ("", "cannot be loaded: AttributeError"),
    "another": ("PLUGIN = 3", "which is no herdbook Plugin"),
    "its tag": (GOOD.format(kind="ebb", body="pass"), "tag='tide'"),
    "its table": (
        "from herdbook.alpaca.sensors.plugin import Plugin\nimport msgspec\n"
        "class T(msgspec.Struct, tag='tide'): pass\nPLUGIN = Plugin(T, print)",
        "has T for its table",
    ),
    "opening": (GOOD.format(kind="tide", body="1 / 0"), "cannot be opened: ZeroDivisionError"),
    **{
        f"promise {number}": (GOOD.format(kind="tide", body=body), f"cannot be opened.*{words}")
        for number, (body, words) in enumerate(
            [
                ("self.interval = 0", r"\.interval"),
                ("self.interval = float('nan')", r"\.interval"),
                ("self.interval = None", r"\.interval"),
                ("self.pace = 0", r"\.pace"),
                ("self.patience = None", r"\.patience"),
                ("self.measurements = ()", r"\.measurements"),
                ("self.measurements = None", r"\.measurements"),
                ("self.measurements = (Measurement(id='a/#', name='A'),)", r"\.id"),
                ("self.measurements = (Measurement(id='a', name='A' * 101),)", r"\.name"),
                ("self.measurements = (Measurement(id='a', name='A', unit='m' * 33),)", r"\.unit"),
                ("self.measurements = (Measurement(id='a', name='A', precision=-1),)", "precision"),
                ("self.measurements = (Measurement(id='a', name='A', smoothing=0),)", "smoothing"),
                ("del self.__class__.measurements", "measurements"),
            ]
        )
    },
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_one_is_named_and_keeps_nobody_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    source, words = BROKEN[how]
    module = f"tide_{how.replace(' ', '_')}"
    install(
        tmp_path, monkeypatch, "herd-tide", {"tide": f"{module}:PLUGIN"}, {f"{module}.py": source}
    )
    with pytest.raises(ConfigError, match=words) as caught:
        opened(TABLE)
    assert "“tide” of herd-tide 1.0" in caught.value.message
    assert "Reinstall" in caught.value.fix
    assert opened({"kind": "room"})


def test_two_packages_with_one_kind_are_both_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("herd-tide", "herd-ebb"):
        install(tmp_path / name, monkeypatch, name, {"tide": "nowhere:PLUGIN"}, {})
    with pytest.raises(ConfigError, match=r"“tide” is in herd-ebb 1\.0 and herd-tide 1\.0"):
        opened(TABLE)


def test_what_is_said_of_a_measurement_that_there_is_not_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="“room” has no measurement “pressure”") as caught:
        opened({"kind": "room", "measurement": {"pressure": {}}})
    assert "temperature, humidity, co2" in caught.value.fix
    room = opened({"kind": "room", "measurement": {"co2": {"deadband": 30, "valid": [1, 2]}}})
    co2 = next(one for one in room.measurements if one.id == "room_co2")  # type: ignore[attr-defined]
    assert (co2.deadband, co2.valid, co2.unit) == (30, (1, 2), "ppm")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"smoothing": 4}, "odd number"),
        ({"smoothing": 17}, "“smoothing”"),
        ({"deadband": -1}, "“deadband”"),
        ({"form": "binary", "unit": "°C"}, "are for numbers"),
        ({"form": "binary", "deadband": 1}, "are for numbers"),
        ({"form": "maybe"}, "“form”"),
    ],
)
def test_mistakes_in_what_all_have_are_named(more: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        opened({"kind": "file", "id": "x", "name": "X", "path": "/x"} | more)


def test_what_is_shared_is_made_once() -> None:
    surroundings = Surroundings()
    assert surroundings.shared(list) is surroundings.shared(list)
    assert surroundings.shared(set, (1,)) == {1}
    assert surroundings.shared(set, (2,)) == {2}


def test_a_kind_that_lacks_its_extra_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        monkeypatch,
        "herd-tide",
        {"tide": "tide_extra:PLUGIN [buoy]"},
        {"tide_extra.py": "import a_module_that_is_missing"},
    )
    with pytest.raises(ConfigError) as caught:
        opened(TABLE)
    assert "“herd-tide[buoy]”" in caught.value.fix


def test_ours_name_the_alpacas_extra_too() -> None:
    (bme280,), (system,) = (Registry()._found[kind] for kind in ("bme280", "system"))
    assert "“herdbook[alpaca,i2c]”" in registry._installing(bme280)
    assert "“herdbook[alpaca]”" in registry._installing(system)
