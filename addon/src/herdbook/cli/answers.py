"""``herdbook alpaca status``, ``sensors``, ``observe``, ``recall``, ``ask``: what a node answers.

Owns how that looks on a terminal.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from herdbook.cli import config_file
from herdbook.cli.node import RunningNode
from herdbook.cli.plain import beside, plain
from herdbook.cli.running import EXIT_DONE, EXIT_FAILED

type Answer = dict[str, Any]

_LLAMA: Final = {
    "sending": "in the herd",
    "unapproved": "waits for a person to approve this node",
}
_CLOCK: Final = {"synced": "right", "unknown": "not checked", "unset": "never set"}
_LOADING_S: Final = 30.0
"""Until the first answer of a small machine's node, whatever is asked."""
_GIB: Final = 1024**3


def status(options: argparse.Namespace) -> int:
    """How the node is."""
    answer = _node(options).get("/v1/status")
    _show(options, answer, _status_lines)
    return EXIT_DONE


def sensors(options: argparse.Namespace) -> int:
    """What its sensors show. `EXIT_FAILED` when one of them has no value."""
    answer = _node(options).get("/v1/sensors")
    _show(options, answer, _sensor_lines)
    at_fault = any(sensor.get("fault") for sensor in answer["sensors"])
    return EXIT_FAILED if at_fault else EXIT_DONE


def observe(options: argparse.Namespace) -> int:
    """Have it read every sensor now, and say what it sees."""
    _show(options, _node(options).post("/v1/observe", {}), _sentences("observations"))
    return EXIT_DONE


def recall(options: argparse.Namespace) -> int:
    """What it remembers of some words."""
    answer = _node(options).post("/v1/recall", {"words": " ".join(options.words)})
    _show(options, answer, _sentences("memories"))
    return EXIT_DONE


def ask(options: argparse.Namespace) -> int:
    """What its model answers."""
    settings = config_file.settings_of(options)
    node = RunningNode(settings.data, settings.model.seconds + _LOADING_S)
    answer = node.post("/v1/ask", {"words": " ".join(options.words)})
    _show(options, answer, lambda said: iter([said["text"]]))
    return EXIT_DONE


def _node(options: argparse.Namespace) -> RunningNode:
    return RunningNode(config_file.settings_of(options).data)


def _show(
    options: argparse.Namespace, answer: Answer, lines_of: Callable[[Answer], Iterator[str]]
) -> None:
    if options.json:
        print(msgspec.json.encode(answer).decode())
        return
    for line in lines_of(answer):
        print(plain(line))


def _status_lines(answer: Answer) -> Iterator[str]:
    yield f"{answer['name']}, node {answer['fingerprint']}, Herdbook {answer['version']}"
    yield f"Since     {_local(answer['started'])}"
    yield f"Clock     {_CLOCK[answer['clock']]}"
    way = "Broker" if answer["way"] == "broker" else "Llama"
    yield f"{way:<9} {'connected' if answer['connected'] else 'not connected'}"
    if trouble := answer.get("trouble"):
        yield f"          {trouble}"
    yield f"Herd      {_LLAMA.get(answer['llama'], 'not heard of the Llama yet')}"
    waiting = answer["waiting"]
    yield f"Backlog   {'not known' if waiting is None else f'{waiting} events wait for the Llama'}"
    yield f"Disk      {_gib(answer['disk_free'])} of {_gib(answer['disk_size'])} free"
    yield f"Sensors   {answer['sensors']}, {answer['unavailable']} unavailable"
    state, reason = answer["model"]["state"], answer["model"]["reason"]
    yield f"Model     {state}: {reason}" if reason else f"Model     {state}"


def _sensor_lines(answer: Answer) -> Iterator[str]:
    found = answer["sensors"]
    width = max((len(sensor["name"]) for sensor in found), default=0)
    for sensor in found:
        yield f"{sensor['name']:<{width}}  {_value(sensor)}"
    if not found:
        yield "It has read nothing yet."


def _value(sensor: Mapping[str, Any]) -> str:
    value = sensor["value"]
    if value is None:
        if sensor["fault"] is None:
            return "not read yet"
        return f"unavailable: {beside(sensor['name'], sensor['fault'])}"
    if sensor["form"] == "binary":
        return "on" if value else "off"
    if sensor["form"] == "moment":
        return f"{datetime.fromtimestamp(value).astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{value:g} {sensor['unit'] or ''}".rstrip()


def _sentences(key: str) -> Callable[[Answer], Iterator[str]]:
    def lines(answer: Answer) -> Iterator[str]:
        for one in answer[key]:
            yield one["sentence"]
        if not answer[key]:
            yield "Nothing."

    return lines


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
