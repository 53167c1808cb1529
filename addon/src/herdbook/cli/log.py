"""``herdbook log``: looks at a node's event log, also while the node runs, and changes nothing."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from herdbook.errors import InputError

if TYPE_CHECKING:
    from herdbook.eventlog.audit import Audit
    from herdbook.eventlog.event import Event
    from herdbook.eventlog.piece import LogSource
    from herdbook.eventlog.timeline import Moment, Timeline

EXIT_WHOLE: Final = 0
EXIT_DAMAGED: Final = 1
"""The log is damaged. Anything else that is wrong is the command line's `EXIT_REFUSED`."""

_LONGEST_NUMBER: Final = 16
_MEND: Final = (
    "Start the node: it saves what can be read, and goes on. Of an exported file, export again."
)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to the command line."""
    commands = parser.add_subparsers(title="commands", required=True)

    verify = commands.add_parser("verify", help="tell whether a log is as it was written")
    _source(verify)
    verify.set_defaults(run=_verify)

    show = commands.add_parser("show", help="print a log's events, the oldest first")
    _source(show)
    show.add_argument("--kind", action="append", metavar="KIND", help="only these kinds")
    for name, name_here, words in (
        ("--from", "first", "not before this event's number, or this date or time"),
        ("--to", "last", "up to this event's number, or before this date or time"),
    ):
        show.add_argument(
            name,
            type=_place,
            dest=name_here,
            metavar="WHERE",
            default=_Place(None, None),
            help=words,
        )
    show.add_argument("--limit", type=_limit, metavar="N", help="only the newest N of them")
    show.set_defaults(run=_show)

    export = commands.add_parser("export", help="copy a log's batches, as they are, into a file")
    _source(export)
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")
    export.set_defaults(run=_export)


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, nargs="?", help="an export, or a node's data folder")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the alpaca.toml, instead")
    parser.add_argument("--json", action="store_true", help="for programs: one object a line")


# The event log is imported by the commands that run, like every other part.


def _verify(options: argparse.Namespace) -> int:
    from herdbook.eventlog.audit import Problem, audit
    from herdbook.eventlog.database import DatabaseDamaged

    try:
        source = _open(options)
    except DatabaseDamaged as error:  # from its first page on
        if options.json:
            problem = Problem(1, None, "unreadable", error.message)
            _print_json({"whole": False, "problems": [problem]})
        else:
            print(f"Damaged: {error.message}\n{_MEND}")
        return EXIT_DAMAGED
    try:
        found = audit(source)
    finally:
        source.close()
    if options.json:
        absent = [
            {"first_seq": run.first_seq, "last_seq": run.last_seq, "why": run.why}
            for run in found.absent
        ]
        whole = not found.problems
        _print_json({**msgspec.structs.asdict(found), "absent": absent, "whole": whole})
    else:
        _tell(found)
    return EXIT_DAMAGED if found.problems else EXIT_WHOLE


def _tell(found: "Audit") -> None:
    from herdbook.ids import fingerprint_of

    for problem in found.problems:
        print(f"Damaged: {problem.message} ({problem.reason})")
    print(f"Node {fingerprint_of(found.node_id)}")
    for absence in found.absent:
        why = "the Llama has them" if absence.why == "retired" else "lost to damage"
        print(f"Events {absence.first_seq} to {absence.last_seq} are not kept any more: {why}.")
    waiting = found.last_seq - found.last_sealed_seq
    print(
        f"{found.batches} batches up to event {found.last_sealed_seq}, "
        f"{waiting} later events not signed yet."
    )
    print(_MEND if found.problems else "Everything is as it was written.")


def _show(options: argparse.Namespace) -> int:
    from herdbook.cli.event_lines import line_of, object_of
    from herdbook.eventlog.audit import Problem, events_of

    source = _open(options)
    damaged = False
    try:
        timeline = _timeline(source)
        chosen: Iterable[tuple[Event, Moment] | Problem] = (
            item if isinstance(item, Problem) else (item, timeline.moment_of(item))
            for item in events_of(source)
        )
        chosen = (
            item for item in chosen if isinstance(item, Problem) or _is_wanted(*item, options)
        )
        if options.limit is not None:
            chosen = deque(chosen, options.limit)
        for item in chosen:
            if isinstance(item, Problem):
                damaged = True
                print(f"herdbook: Damaged: {item.message} ({item.reason})", file=sys.stderr)
            elif options.json:
                _print_json(object_of(*item))
            else:
                print(line_of(*item))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; nor shall the end of the process try to print the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        source.close()
    return EXIT_DAMAGED if damaged else EXIT_WHOLE


def _timeline(source: "LogSource") -> "Timeline":
    """What the log's own `clock` events tell of its times."""
    from herdbook.eventlog.audit import Problem, events_of
    from herdbook.eventlog.event import CLOCK
    from herdbook.eventlog.timeline import Timeline

    timeline = Timeline()
    for item in events_of(source):
        if not isinstance(item, Problem) and item.kind == CLOCK:
            with suppress(InputError):  # it is shown as what it is not
                timeline.learn(item)
    return timeline


def _is_wanted(event: "Event", moment: "Moment", options: argparse.Namespace) -> bool:
    if options.kind and event.kind not in options.kind:
        return False
    first, last = options.first, options.last
    if first.seq is not None and event.seq < first.seq:
        return False
    if first.wall_ms is not None and moment.wall_ms < first.wall_ms:
        return False
    if last.seq is not None and event.seq > last.seq:
        return False
    return last.wall_ms is None or moment.wall_ms < last.wall_ms


def _export(options: argparse.Namespace) -> int:
    from herdbook.eventlog.archive import write_archive

    source = _open(options)
    try:
        done = write_archive(source, options.to)
    finally:
        source.close()
    if options.json:
        _print_json(msgspec.structs.asdict(done))
        return EXIT_WHOLE
    print(f"{done.batches} batches up to event {done.last_seq} are in {options.to}.")
    if done.left:
        print(f"{done.left} later events are not signed yet, and not in it.")
    return EXIT_WHOLE


def _open(options: argparse.Namespace) -> "LogSource":
    from herdbook.eventlog.archive import LogArchive
    from herdbook.eventlog.folder import LogFolder

    if (options.source is None) == (options.config is None):
        raise InputError(
            "Which log?", fix="Name an export or an Alpaca's data folder, or else --config."
        )
    if options.config is not None:
        from herdbook.alpaca import config

        return LogFolder.open(config.load(options.config, os.environ).data)
    if options.source.is_dir():
        return LogFolder.open(options.source)
    return LogArchive.open(options.source)


class _Place(NamedTuple):
    """A place in a log, by number or by time in milliseconds."""

    seq: int | None
    wall_ms: int | None


def _place(text: str) -> _Place:
    if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER:
        return _Place(int(text), None)
    try:
        wall_ms = int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"“{text}” is no number, date or time") from error
    return _Place(None, wall_ms)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10**9):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number from 1 on")
    return int(text)


def _print_json(value: object) -> None:
    print(msgspec.json.encode(value).decode())
