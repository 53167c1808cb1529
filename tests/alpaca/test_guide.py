"""docs/guides/alpaca.md is held to what the program reads."""

import argparse
import re
from pathlib import Path

import msgspec
import pytest

from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.config import AlpacaConfig, load, table_struct
from herdbook.alpaca.environment import settings_in
from herdbook.alpaca.outputs.config import GpioOutput, MqttOutput
from herdbook.alpaca.page.settings import PageSettings
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.sensors.registry import Registry
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.alpaca.sensors.settings import Tuning
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.cli.alpaca import add_commands
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


def test_the_outputs_are_outputs(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    example, *others = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    [outputs] = [block for block in others if block.startswith("[[output]]")]
    path = tmp_path / "alpaca.toml"
    path.write_text(f"{example}\n{outputs}", encoding="utf-8")
    assert [type(output) for output in load(path).output] == [GpioOutput, MqttOutput]
    rows = "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    keys = {*GpioOutput.__struct_fields__, *MqttOutput.__struct_fields__}
    assert [key for key in sorted(keys) if f"`{key}`" not in rows] == []


KINDS = [Registry().plugin(kind).settings for kind in Registry().kinds]


@pytest.mark.parametrize(
    "kind", [*KINDS, Tuning, Retention, LlamaSettings, NodeModel, PageSettings, Wants]
)
def test_every_key_is_in_it(kind: type[msgspec.Struct]) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    missing = [key for key in kind.__struct_fields__ if f"| `{key}` |" not in text]
    assert missing == []


@pytest.mark.parametrize("kind", Registry().kinds)
def test_every_kind_is_in_it(kind: str) -> None:
    assert f"\n### `{kind}`: " in GUIDE.read_text(encoding="utf-8")


def test_every_variable_in_it_is_one() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    named = set(re.findall(r"HERDBOOK_[A-Z0-9_]+[A-Z0-9]", text)) - {"HERDBOOK_CONFIG"}
    environ = dict.fromkeys(named, "x")
    environ |= {"HERDBOOK_SENSOR_0_KIND": "system", "HERDBOOK_LLAMA_URL": "http://x"}
    environ["HERDBOOK_BROKER_PASSWORD_FILE"] = "/dev/null"
    for number in ("HERDBOOK_LOG_KEEP_DAYS", "HERDBOOK_SENSOR_0_INTERVAL"):
        environ[number] = "3"
    given = settings_in(environ, AlpacaConfig, {}, table_struct)
    assert len(given) == len(environ) >= len(named) >= 7


def test_every_command_is_in_it() -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser)
    commands = parser._subparsers
    assert commands is not None
    [choices] = [action.choices for action in commands._group_actions if action.choices]
    text = GUIDE.read_text(encoding="utf-8").partition("## Commands")[2].partition("\n## ")[0]
    missing = [name for name in choices if f"`{name}" not in text]
    assert missing == []
