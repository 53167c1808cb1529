"""The [[output]] tables: what is taken, and which key is named when one is not."""

from pathlib import Path
from typing import Any

import pytest

from herdbook.alpaca.config import load
from herdbook.alpaca.outputs.config import GpioOutput, MqttOutput, load_outputs
from herdbook.errors import ConfigError

FAN: dict[str, Any] = {"kind": "gpio", "id": "fan", "name": "Fan", "line": "GPIO17"}
PLUG: dict[str, Any] = {"kind": "mqtt", "id": "plug", "name": "Plug", "topic": "plug/set"}
VALVE: dict[str, Any] = {
    "kind": "mqtt",
    "id": "valve",
    "name": "Valve",
    "topic": "valve/set",
    "min": 5,
    "max": 30,
    "step": 0.5,
    "safe": 5,
}


def loaded(*tables: dict[str, Any], has_broker: bool = True) -> tuple[Any, ...]:
    return load_outputs(tables, Path("alpaca.toml"), has_broker=has_broker)


def test_what_is_left_out() -> None:
    fan, plug, valve = loaded(FAN, PLUG, VALVE)
    assert fan == GpioOutput("fan", "Fan", "GPIO17", None, safe="off", loss_after=60)
    assert plug == MqttOutput("plug", "Plug", "plug/set", on="ON", off="OFF", safe="off")
    assert (valve.min, valve.max, valve.step, valve.safe) == (5.0, 30.0, 0.5, 5.0)


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (FAN | {"id": "Fan"}, "id"),
        (FAN | {"name": "Fan\x1b[2J"}, "name"),
        (FAN | {"name": ""}, "name"),
        (FAN | {"line": -1}, "line"),
        (FAN | {"line": ""}, "line"),
        (FAN | {"line": 17}, "chip"),
        (FAN | {"chip": "/etc/passwd"}, "chip"),
        (FAN | {"safe": 1.0}, "safe"),
        (FAN | {"safe": True}, "safe"),
        (FAN | {"loss_after": -1}, "loss_after"),
        (FAN | {"loss_after": float("nan")}, "loss_after"),
        (FAN | {"max_on": 0}, "max_on"),
        (FAN | {"min": 1}, "min"),
        (FAN | {"icon": "fan"}, "icon"),
        ({**FAN, "kind": "command"}, "command"),
        (PLUG | {"topic": "plug/+"}, "topic"),
        (PLUG | {"topic": "#"}, "topic"),
        (PLUG | {"topic": "$SYS/x"}, "topic"),
        (PLUG | {"topic": "plug\x00"}, "topic"),
        (PLUG | {"topic": "homeassistant/status"}, "topic"),
        (PLUG | {"topic": "herdbook/v1/node/x/log"}, "topic"),
        (PLUG | {"on": "OFF"}, "on"),
        (PLUG | {"on": ""}, "on"),
        (PLUG | {"off": "\n"}, "off"),
        (PLUG | {"safe": 0.0}, "safe"),
        (PLUG | {"min": 1}, "max"),
        (VALVE | {"min": 30}, "min"),
        (VALVE | {"max": float("inf")}, "max"),
        (VALVE | {"min": float("nan")}, "min"),
        (VALVE | {"step": 0}, "step"),
        (VALVE | {"step": 26}, "step"),
        (VALVE | {"step": float("nan")}, "step"),
        (VALVE | {"safe": "off"}, "safe"),
        (VALVE | {"safe": 4.9}, "safe"),
        (VALVE | {"safe": float("nan")}, "safe"),
    ],
)
def test_a_mistake_is_named(table: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(PLUG | {"id": "first"}, table)
    assert named in caught.value.message
    assert "[[output]] number 2" in caught.value.message
    assert caught.value.fix


def test_two_of_one_id() -> None:
    with pytest.raises(ConfigError, match="2 outputs have the id “fan”"):
        loaded(FAN, PLUG | {"id": "fan"})


def test_without_a_broker_there_is_no_mqtt_output() -> None:
    assert len(loaded(FAN, has_broker=False)) == 1
    with pytest.raises(ConfigError, match="“plug” needs a broker"):
        loaded(PLUG, has_broker=False)


def test_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "alpaca.toml"
    path.write_text(
        'name = "Hallway"\ndata = "node"\n[[sensor]]\nkind = "system"\n'
        '[[output]]\nkind = "gpio"\nid = "fan"\nname = "Fan"\nline = "GPIO17"\nactive_low = true\n'
    )
    assert load(path).output == (GpioOutput("fan", "Fan", "GPIO17", active_low=True),)
    with path.open("a") as file:
        file.write('[[output]]\nkind = "gpio"\nid = "fan"\n')
    with pytest.raises(ConfigError, match=r"number 2: .*name"):
        load(path)
