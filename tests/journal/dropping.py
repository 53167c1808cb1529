"""Drop the vectors of a journal and be killed at a named step: a program for test_ai_off.py."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import apsw

from herdbook.embedding.model import Model
from herdbook.journal import meaning, vectors
from herdbook.journal.journal import SCHEMA
from herdbook.journal.meaning import Meaning
from herdbook.vault.database import Database

DEK = bytes(range(32))
PIECE = 5


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def forgotten_not_committed() -> None:
    real = vectors.forget

    def instead(connection: apsw.Connection) -> None:
        real(connection)
        die()

    vectors.forget = instead


def drop_and_die(pieces: int, *, committed: bool) -> None:
    """At the given piece: before it is begun, or before it is committed."""
    real, done = vectors.drop, []

    def instead(connection: apsw.Connection, limit: int) -> None:
        done.append(limit)
        if committed and len(done) == pieces:
            die()
        real(connection, limit)
        if len(done) == pieces:
            die()

    vectors.drop = instead


STEPS: dict[str, Callable[[], None]] = {
    "forgotten, not committed": forgotten_not_committed,
    "forgotten": lambda: drop_and_die(1, committed=True),
    "some dropped, not committed": lambda: drop_and_die(1, committed=False),
    "some dropped": lambda: drop_and_die(2, committed=True),
    "more dropped, not committed": lambda: drop_and_die(3, committed=False),
}


async def main(path: Path, step: str) -> None:
    meaning.DROPPED_AT_ONCE = PIECE
    database = await Database.open(path, DEK, SCHEMA)
    STEPS[step]()
    await Meaning(database, Model(), is_wanted=False).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
