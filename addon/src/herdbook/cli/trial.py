"""What works of a configuration, on a terminal."""

import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from herdbook.cli.node import RunningNode
from herdbook.cli.plain import beside, indented, plain
from herdbook.errors import HerdbookError, NodeUnavailable

if TYPE_CHECKING:
    from herdbook.alpaca.config import AlpacaConfig
    from herdbook.alpaca.trial import Tried


def try_out(config: "AlpacaConfig", *, say: bool) -> "list[Tried]":
    """Try everything once; `say` it, as it comes, on standard error."""
    tried = []
    for one in _all(config):
        tried.append(one)
        if say:
            mark = "works" if one.works else "FAILS"
            words = indented(plain(f"  {mark}  {one.what}: {one.words}"), 9)
            print(words, file=sys.stderr, flush=True)
    return tried


def _all(config: "AlpacaConfig") -> "Iterator[Tried]":
    from herdbook.alpaca.trial import Tried, try_model, try_sensors, try_way
    from herdbook.clock import SystemClock

    try:
        yield asyncio.run(try_way(config))
        if (model := asyncio.run(try_model(config))) is not None:
            yield model
        if (shown := _shown_by_node(config)) is not None:
            yield from shown
        else:
            yield from try_sensors(config, SystemClock())
    except HerdbookError as error:
        yield Tried("Settings", False, str(error))


def _shown_by_node(config: "AlpacaConfig") -> "list[Tried] | None":
    """What the node that runs says of its sensors: it has them open. None when it does not run."""
    from herdbook.alpaca.trial import Tried

    try:
        sensors = RunningNode(config.data).get("/v1/sensors")["sensors"]
    except NodeUnavailable:
        return None
    return [
        Tried(one["name"], False, beside(one["name"], one["fault"]))
        if one["fault"]
        else Tried(one["name"], True, "is read by the running node.")
        for one in sensors
    ]
