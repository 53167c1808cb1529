"""The sealed inbox: anything on the Llama may add to it, only the unlocked vault can read it.

Owns ``inbox.db``, an ordinary SQLite file whose rows are libsodium sealed boxes. What a box holds
is a `Drop`: it names its vault and itself, so that a box copied to another vault, or twice to the
same one, is told from a new one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from herdbook.clock import Clock, SystemClock
from herdbook.crypto.keys import open_drop, seal_drop
from herdbook.errors import InboxFull, StorageError, TextTooLong, VaultDamaged
from herdbook.ids import random_id

DROP_SIZE_LIMIT: Final = 512 * 1024
"""Bytes of one sealed drop."""
COUNT_LIMIT: Final = 10_000
SIZE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of all drops together."""
PACE_LIMIT: Final = 60
"""Drops a minute, and as many at once after a quiet minute, for those that are paced."""
_MINUTE_MS: Final = 60_000

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS drops(
    id INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0
)""",
    # One row: how much of the minute's allowance was used, in milliseconds, and when that was.
    """CREATE TABLE IF NOT EXISTS pace(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    used_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
)""",
)
_REFUSALS: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    )
)
"""What the disk says. The rest, an SQL error too, comes of a file that is no inbox of ours."""
_REFUSE: Final = "UPDATE drops SET refused = 1 WHERE id = ?"


class Drop(msgspec.Struct, frozen=True, array_like=True):
    """The plaintext of a sealed drop; `body` is whatever the vault's owner understands."""

    version: int
    vault_id: str
    drop_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """The drops of an inbox by row number: those that open, and those `closed` to the keys."""

    opened: list[tuple[int, Drop]]
    closed: list[int]


class Inbox:
    """The drops of one vault. Every method opens the file, blocks for its I/O, and closes it."""

    def __init__(self, path: Path, vault_id: str, clock: Clock | None = None) -> None:
        self._path = path
        self._vault_id = vault_id
        self._clock = clock or SystemClock()

    def add(self, public_key: bytes, body: bytes, *, paced: bool = True) -> None:
        """Seal `body` and keep it, durably.

        `paced` is for what machines write: a runaway automation fills the inbox slowly at least. A
        person's own words are not made to wait. Raises `TextTooLong` over `DROP_SIZE_LIMIT`,
        `InboxFull` over the other limits, `StorageError`.
        """
        drop = Drop(1, self._vault_id, random_id(), body)
        sealed = seal_drop(public_key, msgspec.msgpack.encode(drop))
        if len(sealed) > DROP_SIZE_LIMIT:
            raise TextTooLong(
                "The text is longer than one drop holds.",
                fix="Send it in parts.",
                reason="drop_too_long",
            )
        with self._connected() as connection:
            count, size = connection.execute(
                "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM drops"
            ).fetchone()
            if count >= COUNT_LIMIT or size + len(sealed) > SIZE_LIMIT:
                raise InboxFull(
                    "The inbox holds as much as it takes.",
                    fix="It empties when its owner unlocks the vault.",
                )
            if paced:
                self._keep_pace(connection)
            connection.execute("INSERT INTO drops(sealed) VALUES(?)", (sealed,))

    def look(self, *secret_keys: bytes) -> Waiting:
        """What waits, oldest first, told apart by whether one of the keys opens it."""
        opened: list[tuple[int, Drop]] = []
        closed: list[int] = []
        if not self._path.exists():
            return Waiting(opened, closed)
        with self._connected() as connection:
            for row, sealed in connection.execute(
                "SELECT id, sealed FROM drops WHERE NOT refused ORDER BY id"
            ).fetchall():
                drop = self._try(sealed, secret_keys)
                if drop is None:
                    closed.append(row)
                else:
                    opened.append((row, drop))
        return Waiting(opened, closed)

    def open_all(self, *secret_keys: bytes) -> list[tuple[int, Drop]]:
        """Every drop that one of the keys opens, with its row number, oldest first.

        One that does not open (another vault's, or changed) is refused. So the keys must be all
        that the vault has, and stay so meanwhile.
        """
        waiting = self.look(*secret_keys)
        self.refuse(waiting.closed)
        return waiting.opened

    def refuse(self, rows: list[int]) -> None:
        """Keep drops that do not open or hold nothing usable, but do not show them again.

        So none is lost, nor tried again and again.
        """
        if not rows:
            return
        with self._connected() as connection:
            connection.executemany(_REFUSE, [(row,) for row in rows])

    def remove(self, rows: list[int]) -> None:
        """Forget drops that have been absorbed."""
        with self._connected() as connection:
            connection.executemany("DELETE FROM drops WHERE id = ?", [(row,) for row in rows])

    def count_refused(self) -> int:
        """How many drops do not open with this vault's key."""
        with self._connected() as connection:
            row = connection.execute("SELECT count(*) FROM drops WHERE refused").fetchone()
        return int(row[0])

    def _keep_pace(self, connection: sqlite3.Connection) -> None:
        """Use one drop's share of the minute; a clock that was set back begins a new one."""
        now = self._clock.wall_ms()
        used, at = connection.execute(
            "SELECT coalesce(max(used_ms), 0), coalesce(max(at_ms), 0) FROM pace"
        ).fetchone()
        passed = now - at if now >= at else _MINUTE_MS
        used = max(0, used - passed) + _MINUTE_MS // PACE_LIMIT
        if used > _MINUTE_MS:
            raise InboxFull(
                f"More than {PACE_LIMIT} drops in a minute are more than an inbox takes.",
                fix="Wait a minute, and see what writes so often.",
            )
        connection.execute("INSERT OR REPLACE INTO pace VALUES(1, ?, ?)", (used, now))

    def _try(self, sealed: bytes, secret_keys: tuple[bytes, ...]) -> Drop | None:
        for secret_key in secret_keys:
            try:
                return self._read(open_drop(secret_key, sealed))
            except VaultDamaged:
                continue
        return None

    def _read(self, plaintext: bytes) -> Drop:
        try:
            drop = msgspec.msgpack.decode(plaintext, type=Drop)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise VaultDamaged("A drop in the inbox is not readable.") from error
        if drop.version != 1 or drop.vault_id != self._vault_id:
            raise VaultDamaged("A drop in the inbox is not for this vault.")
        return drop

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own; writers in other threads wait for it."""
        try:
            with closing(
                sqlite3.connect(self._path, timeout=5, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                for table in _SCHEMA:
                    connection.execute(table)
                yield connection
                connection.execute("COMMIT")
        # Unicode: sqlite3 cannot even say what is wrong with a name in a damaged schema.
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _REFUSALS:
                raise StorageError(
                    f"The inbox cannot be written: {error}.",
                    fix="Free some space or make the folder writable, then try again.",
                ) from error
            raise VaultDamaged(
                "The inbox is not readable.", fix="Restore inbox.db from a backup, or remove it."
            ) from error
