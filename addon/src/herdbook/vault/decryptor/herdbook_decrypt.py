#!/usr/bin/env python3
"""Opens a Herdbook vault without Herdbook: a plain SQLite file out of a sealed folder.

    python3 -m pip install argon2-cffi pynacl cryptography
    python3 herdbook_decrypt.py VAULT_FOLDER OUT.sqlite

It asks for the password or the recovery code. Written from docs/format.md alone, for Python 3.9 and
newer; it imports nothing of Herdbook's and not the database engine that Herdbook uses, so that each
can be checked against the other, and so that it works when Herdbook is no more. It never writes to
the vault. What it makes is readable by everybody who can read the file: mind where you put it.

Exit codes: 0 opened, 1 a file cannot be read or written, 2 wrong usage, 3 wrong_secret,
4 recovery_code_invalid, 5 unsupported, 6 damaged (with --salvage a file was written all the same).
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import hmac
import json
import os
import re
import sqlite3
import struct
import sys
import time
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Callable, NamedTuple

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.poly1305 import Poly1305
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import Aead

FORMAT = 1
SUITE = "argon2id-xchacha20poly1305-sqlite3mc.chacha20-x25519"
HEADER_LIMIT = 64 * 1024
DROP_LIMIT, DROPS_LIMIT = 512 * 1024, 10_000
PAGE = 4096
FRAME = 24 + PAGE
MAGIC = b"SQLite format 3\0"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Refused(Exception):
    """The vault is not opened; `outcome` is the word for why, `str()` the sentence."""

    outcome, code = "refused", 1


class WrongSecret(Refused):
    """No wrap opens with what was typed, or a wrap was changed: the two look the same."""

    outcome, code = "wrong_secret", 3


class CodeInvalid(Refused):
    """A recovery code with a mistake in it."""

    outcome, code = "recovery_code_invalid", 4


class Unsupported(Refused):
    """Another format, another suite, or costs outside the bounds."""

    outcome, code = "unsupported", 5


class Damaged(Refused):
    """Something is not what was written."""

    outcome, code = "damaged", 6


# ---- header.json -----------------------------------------------------------------------------


def read_header(data: bytes) -> dict[str, Any]:
    """The document in `header.json`, checked as far as that goes without a key."""
    if len(data) > HEADER_LIMIT:
        raise Damaged("header.json is longer than 64 KiB.")
    try:
        file = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        _check_text(file)
    except (ValueError, RecursionError) as error:
        raise Damaged("header.json is not readable.") from error
    _check_version(file)
    successor = file.get("successor")
    if successor is not None:
        _check_version(successor)
    _members({name: file[name] for name in file if name != "successor"}, "header mac")
    for generation in generations(file):
        _check_shape(generation)
    for generation in generations(file):
        _check_costs(generation["header"]["kdf"])
    if successor is not None:
        old, new = file["header"], successor["header"]
        if old["vault_id"] != new["vault_id"] or old["key_id"] == new["key_id"]:
            raise Damaged("header.json: its successor is not of this vault, or has the same key.")
    return dict(file)


def generations(file: dict[str, Any]) -> list[dict[str, Any]]:
    """The header with its MAC, and its successor where there is one."""
    first = {"header": file["header"], "mac": file["mac"]}
    return [first] if file.get("successor") is None else [first, file["successor"]]


def _check_text(file: Any) -> None:
    """Every string has a UTF-8 form: by an escape, half a character would get past the decoding."""
    waiting = [file]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            value.encode("utf-8")
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _check_version(signed: Any) -> None:
    try:
        version = signed["header"]["format"], signed["header"]["suite"]
    except (TypeError, KeyError) as error:
        raise Damaged("header.json is not readable.") from error
    if type(version[0]) is not int or type(version[1]) is not str:
        raise Damaged("header.json names no format.")
    if version != (FORMAT, SUITE):
        named = f"format {version[0]}, suite {version[1][:80]!r}"
        raise Unsupported(f"This vault has {named}: look for another decryptor.")


def _check_costs(kdf: dict[str, int]) -> None:
    for name, floor, cap in (("memory_kib", 19456, 524288), ("time", 2, 16), ("lanes", 1, 4)):
        if not floor <= kdf[name] <= cap:
            raise Unsupported(f"header.json: {name} is {kdf[name]}, not {floor} to {cap}.")


def _check_shape(signed: dict[str, Any]) -> None:
    _members(signed, "header mac")
    _bytes(signed["mac"], 32)
    header = signed["header"]
    _members(header, "format suite vault_id key_id kdf wraps inbox_public_key")
    for name in ("vault_id", "key_id"):
        if type(header[name]) is not str or not re.fullmatch("[0-9a-f]{32}", header[name]):
            raise Damaged(f"header.json: {name} is not 32 hexadecimal digits.")
    _bytes(header["inbox_public_key"], 32)
    _members(header["kdf"], "memory_kib time lanes")
    if any(type(cost) is not int for cost in header["kdf"].values()):
        raise Damaged("header.json: a cost is not a whole number.")
    if type(header["wraps"]) is not list:
        raise Damaged("header.json: wraps is not a list.")
    for wrap in header["wraps"]:
        _members(wrap, "purpose salt sealed")
        if wrap["purpose"] not in ("password", "recovery"):
            raise Damaged("header.json: a wrap has an unknown purpose.")
        _bytes(wrap["salt"], 16), _bytes(wrap["sealed"], 72)


def open_header(
    folder: Path, way: str, secret: str, told: list[str]
) -> tuple[dict[str, Any], bytes]:
    """The header that counts and its DEK. One key derivation; amid a change of keys two.

    `told` gets a sentence when the header was damaged and the previous one stood in.
    """
    stands_in = False
    try:
        file = _read_file(folder / "header.json")
        opened = _open_generations(file, way, secret)
    except Damaged as error:
        previous = folder / "header.json.previous"
        if not previous.exists():
            raise
        stands_in = True
        told.append(f"{error} The one before it, {previous.name}, stood in for it.")
        file = _read_file(previous)
        opened = _open_generations(file, way, secret)
    if len(generations(file)) == 1 and not stands_in:
        return opened[0]
    counting = _counting(folder / "journal.db", opened)
    if counting is not None:
        return counting
    if len(opened) < len(generations(file)):
        raise WrongSecret("That does not open this vault.")
    raise Damaged("header.json and journal.db do not belong together.")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return read_header(file.read(HEADER_LIMIT + 1))
    except FileNotFoundError as error:
        raise Damaged(f"There is no {path.name}.") from error


def _open_generations(
    file: dict[str, Any], way: str, secret: str
) -> list[tuple[dict[str, Any], bytes]]:
    opened = []
    for signed in generations(file):
        with suppress(WrongSecret):
            opened.append((signed["header"], unlock(signed, way, secret)))
    if not opened:
        raise WrongSecret("That does not open this vault.")
    return opened


def _counting(
    database: Path, opened: list[tuple[dict[str, Any], bytes]]
) -> tuple[dict[str, Any], bytes] | None:
    """The one whose DEK opens the first page that opens with any."""
    _check_present(database)
    with database.open("rb") as file:
        number = 0
        while len(page := file.read(PAGE)) == PAGE:
            number += 1
            for header, dek in opened:
                with suppress(Damaged):
                    open_page(dek, number, page)
                    return header, dek
    return None


def unlock(signed: dict[str, Any], way: str, secret: str) -> bytes:
    """The DEK in a header with its MAC, by the wrap `way` ("password" or "recovery")."""
    if way == "recovery":
        secret = read_recovery_code(secret)
    header = signed["header"]
    wrap = next((wrap for wrap in header["wraps"] if wrap["purpose"] == way), None)
    if wrap is None:
        raise Damaged(f"header.json has no {way} wrap.")
    try:
        text = unicodedata.normalize("NFC", secret).encode()
    except UnicodeEncodeError as error:
        raise WrongSecret("That is not text.") from error
    costs = header["kdf"]["time"], header["kdf"]["memory_kib"], header["kdf"]["lanes"]
    kek = hash_secret_raw(text, base64.b64decode(wrap["salt"]), *costs, 32, Type.ID, 0x13)
    fields = (header["vault_id"], way, header["key_id"], SUITE, str(FORMAT))
    aad = b"".join(struct.pack(">I", len(field)) + field.encode() for field in fields)
    try:
        dek = Aead(kek).decrypt(base64.b64decode(wrap["sealed"]), aad)
    except CryptoError as error:
        raise WrongSecret("That does not open this vault.") from error
    canonical = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    mac = hashlib.blake2b(canonical, digest_size=32, key=dek, person=b"hb header mac v1").digest()
    if not hmac.compare_digest(mac, base64.b64decode(signed["mac"])):
        raise Damaged("header.json was changed after it was written: its MAC does not fit.")
    return bytes(dek)


def read_recovery_code(typed: str) -> str:
    """The canonical form of a typed recovery code."""
    code = typed.translate(str.maketrans("OILoil", "011011", " \t\r\n-–—_.·")).upper()
    if len(code) != 32 or any(symbol not in ALPHABET for symbol in code):
        raise CodeInvalid("A recovery code has 32 letters and digits.")
    number = 0
    for symbol in code:
        number = number * 32 + ALPHABET.index(symbol)
    data = number.to_bytes(20, "big")
    if hashlib.blake2b(data[:16], digest_size=4, person=b"hb recovery code").digest() != data[16:]:
        raise CodeInvalid("There is a mistake in the recovery code.")
    return "-".join(code[i : i + 4] for i in range(0, 32, 4))


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _members(value: Any, names: str) -> None:
    if type(value) is not dict or set(value) != set(names.split()):
        raise Damaged(f"header.json: there should be an object of {names.replace(' ', ', ')}.")


def _bytes(value: Any, length: int) -> bytes:
    try:
        data = base64.b64decode(value, validate=True) if type(value) is str else b""
    except ValueError as error:  # not base64, or not ASCII
        raise Damaged("header.json: something is not base64.") from error
    if len(data) != length:
        raise Damaged(f"header.json: {length} bytes should be where there are {len(data)}.")
    return data


# ---- journal.db and its log ------------------------------------------------------------------


def _check_present(database: Path) -> None:
    if not database.exists() or database.stat().st_size < PAGE:
        raise Damaged("There is no journal.db, or not even a page of it.")


def open_page(dek: bytes, number: int, page: bytes) -> bytes:
    """The plain page, or `Damaged` when it is not page `number` of this vault as it was written."""
    nonce, tag = page[4064:4080], page[4080:4096]
    counter = struct.unpack("<I", nonce[12:])[0] ^ number
    keys = _chacha20(dek, counter, nonce[:12], bytes(64))
    try:
        Poly1305.verify_tag(keys[:32], page[:4080], tag)
    except InvalidSignature as error:
        raise Damaged(f"Page {number} fails its tag.") from error
    start = 24 if number == 1 else 0
    plain = _chacha20(keys[32:], counter + 1, nonce[:12], page[start:4064]) + bytes(32)
    # Bytes 18 and 19 said “with a write-ahead log”; 1 says “without”: the plain file has none.
    return MAGIC + page[16:18] + b"\1\1" + page[20:24] + plain if number == 1 else plain


def _chacha20(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    """ChaCha20 from a block counter that, within `data`, carries into the nonce's first word."""
    counter &= 0xFFFFFFFF
    room = (2**32 - counter) * 64
    initial = struct.pack("<I", counter) + nonce
    done = Cipher(algorithms.ChaCha20(key, initial), None).encryptor().update(data[:room])
    if len(data) <= room:
        return done
    carried = struct.pack("<I", (struct.unpack("<I", nonce[:4])[0] + 1) & 0xFFFFFFFF) + nonce[4:]
    return done + _chacha20(key, 0, carried, data[room:])


class Log(NamedTuple):
    """What of `journal.db-wal` counts: where each page's newest committed frame begins."""

    frames: dict[int, int]
    pages: int | None
    """Pages of the whole database after the last commit; None without a commit."""
    ignored: int
    """Frames after the last commit: of a transaction cut short, or left from before."""


def read_log(file: BinaryIO) -> Log:
    """Read the write-ahead log. It needs no key: the checksums are over the sealed pages."""
    head = file.read(32)
    length = file.seek(0, os.SEEK_END)
    if length <= 32:
        return Log({}, None, 0)
    words = struct.unpack(">8I", head)
    order = ">" if words[0] & 1 else "<"
    sums = _checksum(order, head[:24], (0, 0))
    if words[0] | 1 != 0x377F0683 or words[1:3] != (3007000, PAGE) or sums != words[6:8]:
        raise Damaged("The header of journal.db-wal is not readable: what it holds is lost.")
    frames: dict[int, int] = {}
    pending: dict[int, int] = {}
    pages, place, committed = None, 32, 32
    file.seek(32)
    while len(frame := file.read(FRAME)) == FRAME:
        number, size, *rest = struct.unpack(">6I", frame[:24])
        sums = _checksum(order, frame[24:], _checksum(order, frame[:8], sums))
        if number == 0 or rest != [words[4], words[5], *sums]:
            break
        pending[number] = place + 24
        place += FRAME
        if size:
            frames.update(pending)
            pending.clear()
            pages, committed = size, place
    return Log(frames, pages, (length - committed) // FRAME)


def _checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        first = (first + words[i] + second) & 0xFFFFFFFF
        second = (second + words[i + 1] + first) & 0xFFFFFFFF
    return first, second


def open_database(dek: bytes, folder: Path, out: BinaryIO, problems: list[str]) -> list[int]:
    """Write the plain database to `out`; returns the numbers of the pages that do not open.

    Those are zeros in `out`. `problems` gets a sentence for whatever is wrong.
    """
    log, wal = Log({}, None, 0), None
    try:
        wal = (folder / "journal.db-wal").open("rb")
        log = read_log(wal)
    except FileNotFoundError:
        pass
    except Damaged as error:
        problems.append(str(error))
    with (folder / "journal.db").open("rb") as file, wal or open(os.devnull, "rb") as wal:  # noqa: PTH123
        stored = -(-file.seek(0, os.SEEK_END) // PAGE)

        def sealed(number: int) -> bytes:
            source, place = file, (number - 1) * PAGE
            if number in log.frames:
                source, place = wal, log.frames[number]
            source.seek(place)
            return source.read(PAGE)

        return _write_pages(dek, sealed, max([stored, *log.frames]), log, out, problems)


def _write_pages(
    dek: bytes,
    sealed: Callable[[int], bytes],
    highest: int,
    log: Log,
    out: BinaryIO,
    problems: list[str],
) -> list[int]:
    count, bad, missing = log.pages or highest, [], 0
    number = 0
    while number < min(count, highest):
        number += 1
        page = sealed(number)
        try:
            if len(page) < PAGE:
                raise Damaged(f"Page {number} is cut off.")
            plain = open_page(dek, number, page)
        except Damaged as error:
            bad.append(number)
            problems.append(str(error))
            plain = bytes(PAGE)
        if number == 1 and plain[24:28] == plain[92:96] and any(plain[28:32]):
            # What the database says of its own length holds when these two counters agree.
            said = struct.unpack(">I", plain[28:32])[0]
            if log.pages is not None and said > count:
                problems.append(f"Page 1 counts {said} pages, the log only {count}.")
            count = said if log.pages is None else count
        out.write(plain)
    missing = count - number
    if missing > 0:
        problems.append(f"The database should have {count} pages; the last {missing} are missing.")
    return bad


# ---- inbox.db --------------------------------------------------------------------------------


def read_drops(path: Path, secret_keys: list[bytes], vault_id: str) -> list[tuple[Any, ...]]:
    """A row for each drop: number, id, day, created_ms, author, source, text, why refused."""
    deadline = time.monotonic() + 60
    try:
        inbox = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            # Anybody may have written this file: no views, no triggers, no endless queries.
            inbox.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            inbox.execute("PRAGMA trusted_schema = OFF")
            kind = "SELECT 1 FROM sqlite_master WHERE name = 'drops' AND type = 'table'"
            if inbox.execute(kind).fetchone() is None:
                raise Damaged("inbox.db has no table of drops.")
            rows = inbox.execute("SELECT id, sealed FROM drops ORDER BY id LIMIT ?", (DROPS_LIMIT,))
            return [_open_drop(row[0], row[1], secret_keys, vault_id) for row in rows]
        finally:
            inbox.close()
    except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
        raise Damaged(f"inbox.db is not readable: {error}.") from error


def _open_drop(number: int, sealed: Any, keys: list[bytes], vault_id: str) -> tuple[Any, ...]:
    try:
        drop_id, body = _read_drop(_open_box(sealed, keys), vault_id)
        names = ["day", "created_ms", "author", "source", "text"]
        return (number, drop_id, *[body[name] for name in names], None)
    except Damaged as error:
        return (number, *[None] * 6, str(error))


def _open_box(sealed: Any, keys: list[bytes]) -> bytes:
    if type(sealed) is not bytes or len(sealed) > DROP_LIMIT:
        raise Damaged("it is no sealed box")
    for key in keys:
        with suppress(CryptoError, TypeError):
            return SealedBox(PrivateKey(key)).decrypt(sealed)
    raise Damaged("it does not open with this vault's key")


def _read_drop(plaintext: bytes, vault_id: str) -> tuple[str, dict[str, Any]]:
    drop = _unpack_all(plaintext)
    kinds = [type(part) for part in drop[:4]] if type(drop) is list else []
    if kinds != [int, str, str, bytes] or drop[0] != 1:
        raise Damaged("it is of another version, or not readable")
    if drop[1] != vault_id:
        raise Damaged("it is for another vault")
    body = _unpack_all(drop[3])
    if type(body) is not dict or not {"day", "created_ms", "author", "source", "text"} <= set(body):
        raise Damaged("its entry is not readable")
    return drop[2], body


def _unpack_all(data: bytes) -> Any:
    try:
        value, end = _unpack(data, 0, 0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError) as error:
        raise Damaged("it is not MessagePack") from error
    if end != len(data):
        raise Damaged("it is longer than it says")
    return value


def _unpack(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """One MessagePack value at `at` and where it ends: the kinds that a drop is made of."""
    kind = data[at]
    at += 1
    if depth > 4:
        raise Damaged("it is nested too deeply")
    if kind <= 0x7F or kind >= 0xE0:
        return (kind if kind <= 0x7F else kind - 256), at
    if kind in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at
    if 0xCC <= kind <= 0xD3:
        code = ">" + "BHIQbhiq"[kind - 0xCC]
        return struct.unpack_from(code, data, at)[0], at + struct.calcsize(code)
    if 0x80 <= kind <= 0x9F:
        length, family = kind & 0x0F, kind & 0xF0
    elif 0xA0 <= kind <= 0xBF:
        length, family = kind & 0x1F, 0xA0
    else:
        families = {0xC4: (0xC0, "B"), 0xC5: (0xC0, "H"), 0xC6: (0xC0, "I"), 0xD9: (0xA0, "B")}
        families.update({0xDA: (0xA0, "H"), 0xDB: (0xA0, "I"), 0xDC: (0x90, "H")})
        families.update({0xDD: (0x90, "I"), 0xDE: (0x80, "H"), 0xDF: (0x80, "I")})
        if kind not in families:
            raise Damaged("it holds something a drop does not")
        family, code = families[kind]
        length = struct.unpack_from(">" + code, data, at)[0]
        at += struct.calcsize(code)
    if family in (0xA0, 0xC0):
        if at + length > len(data):
            raise Damaged("it is cut off")
        piece = data[at : at + length]
        return (piece.decode() if family == 0xA0 else piece), at + length
    values = []
    for _ in range(length * (2 if family == 0x80 else 1)):
        value, at = _unpack(data, at, depth + 1)
        values.append(value)
    return (dict(zip(values[::2], values[1::2])) if family == 0x80 else values), at


# ---- the whole -------------------------------------------------------------------------------


def decrypt(
    folder: Path, way: str, secret: str, out: Path, *, salvage: bool = False
) -> tuple[list[str], list[str]]:
    """Make the plain SQLite file `out`, which must not exist; returns what is wrong, and notes.

    Raises `Refused`, and leaves no file then; with `salvage` a damaged database gives the pages
    that open, zeros in place of the others.
    """
    problems: list[str] = []
    told: list[str] = []
    header, dek = open_header(folder, way, secret, told)
    _check_present(folder / "journal.db")
    partial = out.with_name(out.name + ".partial")
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as plain:
            open_database(dek, folder, plain, problems)
        drops = [] if problems and not salvage else _check(partial, folder, header, problems)
        if problems and not salvage:
            raise Damaged(" ".join(problems[:20]) + " With --salvage you get what can be read.")
        # Nothing more is written into a damaged database: its drops get a file of their own.
        _keep_drops(out.with_name(out.name + ".inbox.sqlite") if problems else partial, drops)
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)
    refused = [f"{drop[0]} ({drop[-1]})" for drop in drops if drop[-1]]
    if drops:
        told.append(f"The inbox holds {len(drops)} drops, in the table “inbox”.")
    if refused:
        told.append(f"Refused: {', '.join(refused[:20])}.")
    return problems, told


def _check(
    plain: Path, folder: Path, header: dict[str, Any], problems: list[str]
) -> list[tuple[Any, ...]]:
    """Whether the plain database is whole and is the header's; returns the drops."""
    database = sqlite3.connect(plain)
    try:
        try:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(20)")]
        except sqlite3.Error as error:
            found = [str(error)]
        if found != ["ok"]:
            problems.append("The pages do not fit together: " + "; ".join(found))
        rows = dict(database.execute("SELECT name, value FROM vault_keys"))
        before = rows.get("inbox_before", b"")
        public = base64.b64decode(header["inbox_public_key"])
        if "inbox" not in rows or bytes(PrivateKey(rows["inbox"]).public_key) != public:
            problems.append("header.json and journal.db do not belong together.")
        elif (folder / "inbox.db").exists():
            keys = [rows["inbox"], *[before[at : at + 32] for at in range(0, len(before), 32)]]
            return read_drops(folder / "inbox.db", keys, header["vault_id"])
    except (sqlite3.Error, CryptoError, TypeError) as error:
        problems.append(f"The database inside is not whole: {error}.")
    except Damaged as error:  # of the inbox
        problems.append(str(error))
    finally:
        database.close()
    return []


def _keep_drops(path: Path, drops: list[tuple[Any, ...]]) -> None:
    if not drops:
        return
    database = sqlite3.connect(path)
    try:
        database.execute(
            "CREATE TABLE inbox(number, drop_id, day, created_ms, author, source, text, refused)"
        )
        database.executemany("INSERT INTO inbox VALUES(?, ?, ?, ?, ?, ?, ?, ?)", drops)
        database.commit()
    finally:
        database.close()


def main(arguments: list[str] | None = None) -> int:
    """Ask, open, tell."""
    parser = argparse.ArgumentParser(description="Make a plain SQLite file of a Herdbook vault.")
    parser.add_argument("vault", type=Path, help="the folder with header.json and journal.db")
    parser.add_argument("out", type=Path, help="the plain SQLite file to make")
    parser.add_argument("--salvage", action="store_true", help="of a damaged vault, what opens")
    parser.add_argument("--secret-file", type=Path, help="read the password or code from a file")
    options = parser.parse_args(arguments)
    try:
        if options.out.exists():
            parser.error(f"{options.out} is there already")
        if options.secret_file:
            secret = options.secret_file.read_text(encoding="utf-8").rstrip("\r\n")
        else:
            secret = getpass.getpass("Password or recovery code: ")
        way = "recovery"
        try:
            read_recovery_code(secret)
        except CodeInvalid:
            way = "password"
        problems, told = decrypt(options.vault, way, secret, options.out, salvage=options.salvage)
    except Refused as error:
        print(f"{error.outcome}: {error}", file=sys.stderr)
        return error.code
    except (OSError, UnicodeError) as error:
        print(f"Cannot read or write: {error}", file=sys.stderr)
        return 1
    print("\n".join([*problems, *told, f"{options.out} is a SQLite file, readable by anybody."]))
    return Damaged.code if problems else 0


if __name__ == "__main__":
    sys.exit(main())
