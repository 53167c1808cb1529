"""How often a secret may be tried for a name. Owns ``attempts.json``, which survives restarts.

Knows no vault: a name that nobody has is limited like any other, and stands in the file only as a
keyed hash. An attempt counts before it is made, so that ending the process gains nothing.
"""

import asyncio
import logging
import math
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Final, Literal

import msgspec

from herdbook.clock import Clock
from herdbook.errors import StorageError, TooManyAttempts
from herdbook.files import replace_file

FREE: Final = 5
"""Attempts without a wait."""
FIRST_WAIT_MS: Final = 5_000
"""After these; doubled by each further one."""
LONGEST_WAIT_MS: Final = 15 * 60_000
NAMES_LIMIT: Final = 1_024
_KEY_SIZE: Final = 32

_LOGGER = logging.getLogger(__name__)


class _Count(msgspec.Struct, forbid_unknown_fields=True):
    """Failures of one name, the last at this wall time and clock quality."""

    failures: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    wall_ms: int
    synced: bool


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    key: Annotated[bytes, msgspec.Meta(min_length=_KEY_SIZE, max_length=_KEY_SIZE)]
    names: Annotated[dict[str, _Count], msgspec.Meta(max_length=NAMES_LIMIT)]


class Attempts:
    """The counts of one Llama. Waits run on the monotonic clock, which nobody can set."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Read the file, if there is one. Raises `StorageError` when it is not readable."""
        self._path = path
        self._clock = clock
        self._saving = asyncio.Lock()
        self._file = _read(path)
        # After a restart only the wall clock can tell how long ago an attempt was, and it is
        # believed when it was synchronised then and now. Otherwise the wait begins anew: it may
        # last longer than it has to, never less, and never more than `LONGEST_WAIT_MS`.
        now, wall, synced = clock.monotonic_ms(), clock.wall_ms(), clock.quality() == "synced"
        self._since: dict[str, int] = {
            name: now - max(0, wall - count.wall_ms) if synced and count.synced else now
            for name, count in self._file.names.items()
        }

    async def count(self, name: str) -> None:
        """Count an attempt that is about to be made. Raises `TooManyAttempts` while it must wait.

        A refused attempt counts for nothing: asking again and again does not prolong the wait.
        """
        key, now = self._key(name), self._clock.monotonic_ms()
        count = self._file.names.get(key)
        if count is not None:
            left = self._since[key] + wait_ms(count.failures) - now
            if left > 0:
                raise _too_many(left)
        self._file.names[key] = _Count(
            min(count.failures + 1, 10_000) if count else 1,
            self._clock.wall_ms(),
            self._clock.quality() == "synced",
        )
        self._since[key] = now
        if len(self._file.names) > NAMES_LIMIT:
            # The least tried, then the oldest: names made up to push another out go first.
            self._forget(
                min(
                    (known for known in self._file.names if known != key),
                    key=lambda known: (self._file.names[known].failures, self._since[known]),
                )
            )
        await self._save()

    async def forget(self, name: str) -> None:
        """The secret was right: the name begins anew."""
        self._forget(self._key(name))
        await self._save()

    def choose[T](self, name: str, choices: list[T]) -> T:
        """One of the choices, always the same for a name, and not to be foretold from outside."""
        return choices[int(self._key(name), 16) % len(choices)]

    def _key(self, name: str) -> str:
        return blake2b(
            name.encode("utf-8", "replace"), digest_size=16, key=self._file.key
        ).hexdigest()

    def _forget(self, key: str) -> None:
        self._file.names.pop(key, None)
        self._since.pop(key, None)

    async def _save(self) -> None:
        async with self._saving:
            data = msgspec.json.encode(self._file)
            try:
                await asyncio.to_thread(replace_file, self._path, data)
            except StorageError as error:
                # A full disk must not keep anybody out of a vault; the counts in memory hold.
                _LOGGER.warning("Attempts to unlock are counted until the next start: %s", error)


def wait_ms(failures: int) -> int:
    """How long the attempt after so many failures has to wait."""
    if failures < FREE:
        return 0
    return min(FIRST_WAIT_MS << min(failures - FREE, 32), LONGEST_WAIT_MS)


def _too_many(left_ms: int) -> TooManyAttempts:
    seconds = math.ceil(left_ms / 1000)
    count, unit = rounded(seconds)
    return TooManyAttempts(
        "Wrong secrets were tried too often for that name.",
        wait_s=seconds,
        fix=f"Try again in {count} {unit}.",
    )


def rounded(seconds: int) -> tuple[int, Literal["seconds", "minutes"]]:
    """So many seconds as people say it, never less than it is and never one minute."""
    if seconds > 90:
        return math.ceil(seconds / 60), "minutes"
    return math.ceil(seconds / 5) * 5, "seconds"


def _read(path: Path) -> _File:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File(1, token_bytes(_KEY_SIZE), {})
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StorageError(
            f"Cannot read {path}: {error}.",
            fix="Remove it: it holds no more than counts of wrong passwords.",
        ) from error
    if file.version != 1:
        raise StorageError(
            f"{path} has version {file.version}; this Herdbook knows 1.",
            fix="Install the release that wrote it, or a newer one.",
        )
    return file
