"""docs/guides/alpaca.md is held to what the program reads."""

import re
from pathlib import Path

import msgspec
import pytest

from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.config import load
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.sensors.registry import Registry
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.alpaca.sensors.settings import Tuning
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.retention import Retention

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "alpaca.md"


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    example, *others = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    by_http = next(one for one in others if one.startswith("[llama]"))
    path = tmp_path / "alpaca.toml"
    path.write_text(re.sub(r"\[broker\]\n(?:[^\[]+\n)+", f"{by_http}\n", example), "utf-8")
    assert load(path).llama == LlamaSettings("http://192.168.1.5:8479")
    path.write_text(example, encoding="utf-8")
    assert [type(sensor) for sensor in load(path).sensor] == [SystemConfig, FileConfig, RoomConfig]


KINDS = [Registry().plugin(kind).settings for kind in Registry().kinds]


@pytest.mark.parametrize("kind", [*KINDS, Tuning, Retention, LlamaSettings, Wants])
def test_every_key_is_in_it(kind: type[msgspec.Struct]) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    missing = [key for key in kind.__struct_fields__ if f"| `{key}` |" not in text]
    assert missing == []


@pytest.mark.parametrize("kind", Registry().kinds)
def test_every_kind_is_in_it(kind: str) -> None:
    assert f"\n### `{kind}`: " in GUIDE.read_text(encoding="utf-8")
