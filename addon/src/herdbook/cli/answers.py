"""``herdbook alpaca status``, ``sensors``, ``observe``, ``recall``, ``ask``: what a node answers.

Owns how that looks on a terminal.
"""

import argparse
import sys
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
    "offline": "not connected",
    "asking": "no Llama has answered yet",
    "sending": "in the herd",
    "unapproved": "waits for a person to approve this node",
    "diverged": "the Llama holds another history of this node: its log says what to do",
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
    _show(options, _node(options).post("/v1/observe", {}), _observed_lines)
    return EXIT_DONE


def recall(options: argparse.Namespace) -> int:
    """What it remembers and noticed of some words."""
    answer = _node(options).post("/v1/recall", {"words": " ".join(options.words)})
    _show(options, answer, _recalled_lines)
    return EXIT_DONE


def ask(options: argparse.Namespace) -> int:
    """What its model answers."""
    settings = config_file.settings_of(options)
    node = RunningNode(settings.data, settings.model.seconds + _LOADING_S)
    if sys.stderr.isatty() and settings.model.engine != "none":
        print("It looks around first, which may take minutes. Ctrl-C ends it.", file=sys.stderr)
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
    yield f"Herd      {_LLAMA[answer['llama']]}"
    waiting = answer["waiting"]
    yield f"Backlog   {'not known' if waiting is None else f'{_events(waiting)} for the Llama'}"
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


def _observed_lines(answer: Answer) -> Iterator[str]:
    for one in answer["observations"]:
        yield one["sentence"]


def _recalled_lines(answer: Answer) -> Iterator[str]:
    """Facts with what people think of them; what was noticed with its time."""
    for fact in answer["memories"]:
        yield f"{fact['sentence']} ({fact['review']})"
    for one in answer["observations"]:
        yield f"{' ' if one['known'] else '~'}{_local(one['at'])}  {one['sentence']}"
    if not answer["memories"] and not answer["observations"]:
        yield "Nothing was noticed, and nothing is remembered of it."


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _events(count: int) -> str:
    return "1 event waits" if count == 1 else f"{count} events wait"


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
