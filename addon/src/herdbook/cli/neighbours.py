"""``herdbook alpaca neighbours``: what a node knows of the others, also while it is alone."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from herdbook.cli.config_file import settings_of
from herdbook.cli.plain import plain
from herdbook.clock import Quality, iso

if TYPE_CHECKING:
    from herdbook.eventlog.neighbours import Neighbours, Noticed, Remembered


def show(options: argparse.Namespace) -> int:
    """Print it. What others wrote is shown, never obeyed."""
    from herdbook.alpaca.neighbours import kept

    settings = settings_of(options)
    known = kept(settings.data)
    if options.json:
        print(msgspec.json.encode(_object(known)).decode())
    elif known is None:
        print("Nothing was told of the neighbours yet.")
        if settings.neighbours is None:
            print("This node does not ask: add a [neighbours] table to its file.")
    else:
        _tell(known)
    return 0


def _tell(known: "Neighbours") -> None:
    print(f"As the Llama told at {_time(known.told_ms, 'synced').strip()}:")
    for noticed in known.observations:
        print(plain(_noticed(noticed)))
    for fact in known.memories:
        print(plain(_remembered(fact)))
    if not known.observations and not known.memories:
        print("Nothing.")


def _noticed(one: "Noticed") -> str:
    return f"{_time(one.observed_ms, one.clock)}  {one.node}: {one.sentence}"


def _remembered(one: "Remembered") -> str:
    return f"{_time(one.told_ms, one.clock)}  {', '.join(one.nodes)} remember: {one.sentence}"


def _time(wall_ms: int, clock: Quality) -> str:
    """Local time; ``~`` before one that nobody knows."""
    time = datetime.fromtimestamp(wall_ms / 1000).astimezone()
    return f"{' ' if clock == 'synced' else '~'}{time:%Y-%m-%d %H:%M:%S}"


def _object(known: "Neighbours | None") -> object:
    """For programs; null when nothing was told yet."""
    if known is None:
        return None
    return {
        "told_at": iso(known.told_ms),
        "observations": [
            {**msgspec.structs.asdict(one), "observed_at": iso(one.observed_ms)}
            for one in known.observations
        ],
        "memories": [
            {**msgspec.structs.asdict(one), "told_at": iso(one.told_ms)} for one in known.memories
        ],
    }
