"""``herdbook alpaca logs``: a node's last events and, with ``--tail``, those to come as they come.

Reads the event log itself, so that it works without the node, too.
"""

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from herdbook.cli import config_file
from herdbook.cli.running import EXIT_DONE
from herdbook.errors import InputError, NodeUnavailable

if TYPE_CHECKING:
    from herdbook.eventlog.event import Event
    from herdbook.eventlog.timeline import Timeline

_LAST: Final = 20
_EVERY_S: Final = 0.5
_LOG: Final = "log.db"
_START: Final = (
    "Start the node: herdbook alpaca run, or its service. If it has other settings, name them with"
    " --config."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What it can be told."""
    parser.add_argument("--tail", action="store_true", help="go on with those to come")
    parser.add_argument(
        "--limit", type=int, default=_LAST, metavar="N", help=f"how many to begin with ({_LAST})"
    )


def logs(options: argparse.Namespace) -> int:
    """Print them; with ``--tail`` until Ctrl-C, which is a clean end."""
    from herdbook.cli.event_lines import line_of, object_of
    from herdbook.eventlog.timeline import Timeline

    folder = config_file.settings_of(options).data
    if not _is_begun(folder):
        unbegun = f"There is no event log in {folder} yet: the node was never started."
        if not options.tail:
            raise NodeUnavailable(unbegun, fix=_START)
        print(f"herdbook: {unbegun} It is waited for.", file=sys.stderr)
    timeline = Timeline()
    last = 0
    limit: int | None = max(0, options.limit)
    with suppress(KeyboardInterrupt):
        while True:
            shown = deque(_after(folder, last, timeline), limit)
            limit = None  # of what comes later, everything
            for event in shown:
                last = event.seq
                moment = timeline.moment_of(event)
                if options.json:
                    print(msgspec.json.encode(object_of(event, moment)).decode())
                else:
                    print(line_of(event, moment))
            sys.stdout.flush()
            if not options.tail:
                break
            time.sleep(_EVERY_S)
    return EXIT_DONE


def _is_begun(folder: Path) -> bool:
    """Whether there is a log. Raises `NodeUnavailable` where this user may not see that."""
    try:
        (folder / _LOG).stat()
    except PermissionError as error:
        raise NodeUnavailable(
            f"This user may not look into {folder}.",
            fix="Look as the node's own user, or with sudo.",
        ) from error
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _after(folder: Path, seq: int, timeline: "Timeline") -> Iterator["Event"]:
    """The events after a number, the oldest first; what they tell of times is learned."""
    from herdbook.eventlog.audit import Problem, events_in
    from herdbook.eventlog.event import CLOCK
    from herdbook.eventlog.folder import LogFolder

    if not _is_begun(folder):
        return
    source = LogFolder.open(folder)
    try:
        for item in events_in(source, source.pieces_after(seq)):
            if isinstance(item, Problem):
                print(f"herdbook: Damaged: {item.message} ({item.reason})", file=sys.stderr)
            elif item.seq > seq:
                if item.kind == CLOCK:
                    with suppress(InputError):  # it is shown as what it is not
                        timeline.learn(item)
                yield item
    finally:
        source.close()
