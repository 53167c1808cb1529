"""Reads a database of Llamora, schema 1, with the password or the recovery code of its user.

Its format: an Argon2id key (libsodium's “moderate” cost) opens the user's key, XChaCha20-Poly1305
without associated data; each older key is sealed by the one after it. A text is sealed with
``user id|entry id|algorithm``, a trace's name with the hash of its name in place of the entry's id.
"""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, tzinfo
from typing import Annotated, Any, Final

import apsw
import msgspec

from herdbook.clock import LAST_MS, day_of
from herdbook.crypto.aead import open_sealed
from herdbook.crypto.kdf import KdfParameters, derive_key
from herdbook.errors import InputError, VaultDamaged, WrongSecret
from herdbook.journal.entry import read_day
from herdbook.journal.exchange.incoming import Incoming, derived_id, fitting, moment
from herdbook.journal.exchange.passed import Passed

_MAGIC: Final = b"SQLite format 3\x00"
_MODERATE: Final = KdfParameters(memory_kib=256 * 1024, time=3, lanes=1)
_EPOCH: Final = re.compile("[0-9]{1,9}")
_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 16
_SAME_MS: Final = 2_000
"""Within which an entry's id says more exactly when it was written."""
# A file that somebody sent: nothing in it may keep the engine busy, or ask it for much memory.
_STEPS: Final = 100_000
_STEPS_LIMIT: Final = 500
_VALUE_LIMIT: Final = 8 * 1024**2


_Salt = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class _User(msgspec.Struct, array_like=True):
    id: str
    current_epoch: int
    pw: tuple[_Salt, bytes, bytes]
    rc: tuple[_Salt, bytes, bytes]


class _Entry(msgspec.Struct, array_like=True):
    id: str
    role: str
    nonce: bytes
    ciphertext: bytes
    alg: bytes
    flags: str
    created_at: str
    created_date: str | None


class _Held(msgspec.Struct):
    text: str
    meta: dict[str, Any] = {}


def is_llamora(body: bytes) -> bool:
    """Whether this may be such a file: only its secret tells more."""
    return body.startswith(_MAGIC)


def read_llamora(body: bytes, name: str, secret: str, zone: tzinfo) -> Incoming:
    """The entries, replies and openings of the user called `name`. Takes the time of a guess.

    Raises `WrongSecret`, also for an unknown name, and `InputError` for another kind of file.
    """
    # In memory there is no log beside the file: bytes 18 and 19 say so, whatever they said.
    plain = body[:18] + b"\x01\x01" + body[20:]
    try:
        with closing(apsw.Connection(":memory:")) as connection:
            connection.deserialize("main", plain)
            _confine(connection)
            return _Reader(connection, name, secret).read(zone)
    except (apsw.Error, msgspec.ValidationError) as error:
        raise InputError(
            "This is no database of Llamora that Herdbook can read.",
            fix="Stop Llamora before you copy the file, and choose it again.",
        ) from error


def _confine(connection: apsw.Connection) -> None:
    connection.pragma("trusted_schema", "off")
    connection.pragma("query_only", "on")
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _VALUE_LIMIT)
    steps = iter(range(_STEPS_LIMIT))
    connection.set_progress_handler(lambda: next(steps, None) is None, _STEPS)


class _Reader:
    """One user's part of an open database."""

    def __init__(self, connection: apsw.Connection, name: str, secret: str) -> None:
        self._connection = connection
        self._user = self._find(name)
        self._keys = {self._user.current_epoch: _unwrap(self._user, secret)}

    def read(self, zone: tzinfo) -> Incoming:
        """Every entry of the user."""
        incoming = Incoming("llamora")
        self._find_older_keys()
        tags = self._tags(incoming)
        rows = self._connection.execute(
            "SELECT id, role, nonce, ciphertext, alg, flags, created_at, created_date "
            "FROM entries WHERE user_id = ? ORDER BY id",
            (self._user.id,),
        )
        for number, row in enumerate(rows, 1):
            place = f"Entry {number}"
            try:
                found = msgspec.convert(row, _Entry)
                entry = self._entry(incoming, place, found, tags, zone)
            except msgspec.ValidationError:
                incoming.add(place, InputError("It is not as Llamora writes it."))
            except VaultDamaged:
                incoming.add(place, InputError("It does not open with the user's key."))
            except InputError as error:
                incoming.add(place, error)
            else:
                incoming.add(place, entry)
        return incoming

    def _find(self, name: str) -> _User:
        row = self._connection.execute(
            "SELECT id, current_epoch, dek_pw_salt, dek_pw_nonce, dek_pw_cipher, "
            "dek_rc_salt, dek_rc_nonce, dek_rc_cipher FROM users WHERE username = ?",
            (name.strip().encode("utf-8", "replace").decode(),),
        ).fetchone()
        if row is None:
            raise _wrong()
        return msgspec.convert((row[0], row[1], row[2:5], row[5:8]), _User)

    def _find_older_keys(self) -> None:
        rows = self._connection.execute(
            "SELECT epoch, prev_dek_nonce, prev_dek_cipher FROM key_epochs "
            "WHERE user_id = ? AND prev_dek_cipher IS NOT NULL ORDER BY epoch DESC",
            (self._user.id,),
        )
        for row in rows:
            epoch, nonce, cipher = msgspec.convert(row, tuple[int, bytes, bytes])
            # What a key seals that does not open is said of each entry.
            with suppress(KeyError, VaultDamaged):
                self._keys[epoch - 1] = open_sealed(self._keys[epoch], nonce + cipher, b"")

    def _open(self, named: str, nonce: bytes, cipher: bytes, alg: str) -> str:
        algorithm, _, epoch = alg.partition(";e=")
        key = self._keys.get(int(epoch) if _EPOCH.fullmatch(epoch) else 1)
        if key is None:
            raise InputError("The key that seals it is not in the file.")
        aad = f"{self._user.id}|{named}|{algorithm}".encode()
        return open_sealed(key, nonce + cipher, aad).decode("utf-8", "replace")

    def _tags(self, incoming: Incoming) -> dict[str, list[str]]:
        """The names of each entry's traces, as they were given."""
        rows = self._connection.execute(
            "SELECT entry_id, tags.tag_hash, name_nonce, name_ct, alg FROM tag_entry_xref "
            "JOIN tags USING (user_id, tag_hash) WHERE user_id = ? ORDER BY ulid",
            (self._user.id,),
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            told = msgspec.convert(row, tuple[str, bytes, bytes, bytes, str])
            entry_id, tag, nonce, cipher, alg = told
            try:
                name = self._open(tag.hex(), nonce, cipher, alg)
            except (InputError, VaultDamaged):
                incoming.doubt(f"Entry {entry_id}", "One of its traces does not open.")
            else:
                found.setdefault(entry_id, []).append(name)
        return found

    def _entry(
        self,
        incoming: Incoming,
        place: str,
        found: _Entry,
        tags: dict[str, list[str]],
        zone: tzinfo,
    ) -> Passed:
        alg = found.alg.decode("ascii", "replace")
        held = _held(self._open(found.id, found.nonce, found.ciphertext, alg))
        if held.meta.get("error"):
            raise InputError("It is a reply that had failed, and says only why.")
        created_ms = _written(found)
        opening = "auto_opening" in found.flags or bool(held.meta.get("auto_opening"))
        mine = found.role == "user"
        return Passed(
            derived_id("llamora", self._user.id, found.id),
            _day(incoming, place, found, created_ms, zone),
            created_ms,
            held.text,
            "person" if mine else "house",
            None if mine else "Llamora, opening" if opening else "Llamora, reply",
            traces=fitting(incoming, place, tags.get(found.id, [])),
        )


def _unwrap(user: _User, secret: str) -> bytes:
    for (salt, nonce, cipher), typed in _ways_in(user, secret):
        try:
            key = derive_key(typed, salt, _MODERATE)
            return open_sealed(key, nonce + cipher, b"")
        except VaultDamaged:
            continue
    raise _wrong()


def _ways_in(user: _User, secret: str) -> Iterator[tuple[tuple[bytes, bytes, bytes], str]]:
    yield user.pw, secret
    code = "".join(secret.upper().replace("-", "").split())
    if len(code) == _CODE_LENGTH and set(code) <= set(_BASE32):
        yield user.rc, code


def _wrong() -> WrongSecret:
    return WrongSecret(
        "That name and password do not open this file.",
        fix="Type the name and the password, or the recovery code, that you had in Llamora.",
    )


def _held(plain: str) -> _Held:
    try:
        return msgspec.json.decode(plain.encode(), type=_Held)
    except (msgspec.MsgspecError, RecursionError):
        return _Held(plain)  # of an older Llamora


def _written(found: _Entry) -> int:
    """When it was written: the column says it to the second, the id to the millisecond."""
    by_id = 0
    for symbol in found.id[:10].upper():
        by_id = by_id << 5 | max(0, _BASE32.find(symbol))
    by_id = min(by_id, LAST_MS)
    try:
        by_column = moment(datetime.fromisoformat(found.created_at), UTC)
    except ValueError:
        return by_id
    return by_id if abs(by_id - by_column) < _SAME_MS else by_column


def _day(incoming: Incoming, place: str, found: _Entry, created_ms: int, zone: tzinfo) -> date:
    try:
        return read_day(found.created_date or "")
    except InputError as error:
        day = day_of(created_ms, zone)
        incoming.doubt(place, f"{error.message} It comes to {day}, when it was written.")
        return day
