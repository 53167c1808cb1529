"""Makes the vectors anew: ``python -m tests.vectors.generate``. The same every time.

It seals pages, headers and drops itself, with nonces of its own choosing, so that cases can be made
that the engine never would. A test compares what it makes with what is there.
"""

import base64
import copy
import hashlib
import json
import struct
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec
from nacl.public import Box, PrivateKey, PublicKey
from nacl.secret import Aead

from herdbook.crypto.aead import associated_data
from herdbook.crypto.kdf import KdfParameters, derive_key
from herdbook.vault.header import FORMAT, SUITE, parse_header, unlock_header
from tests.vectors.cases import FOLDER, FRAME, PAGE, TOPICS
from tests.vectors.sealing import open_page, seal_page
from tests.vectors.vaults import DAY, PASSWORD, load

Case = dict[str, Any]
VAULTS = load()
FIRST = VAULTS["first"]
HEADER = json.loads(FIRST["files"]["header.json"])
FILE = parse_header(FIRST["files"]["header.json"])
DEK = unlock_header(FILE, "password", PASSWORD)
JOURNAL, LOG = FIRST["files"]["journal.db"], VAULTS["log"]["files"]["journal.db-wal"]
LOG_JOURNAL = VAULTS["log"]["files"]["journal.db"]
PAGES = len(JOURNAL) // PAGE
FRAMES = (len(LOG) - 32) // FRAME


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def case(name: str, outcome: str, *changes: dict[str, Any], **more: Any) -> Case:
    made: Case = {"name": name, "vault": "first", "way": "password", "secret": PASSWORD}
    if changes:
        made["changes"] = list(changes)
    if outcome == "opens":
        made["drops"] = [2, 0]
    return {**made, "outcome": outcome, **more}


def put(*at: str | int, value: Any) -> dict[str, Any]:
    return {"do": "set", "at": list(at), "value": value}


def flip(file: str, at: int, bits: int = 1) -> dict[str, Any]:
    return {"do": "flip", "file": file, "at": at, "bits": bits}


# ---- by hand: what the engine would never write ----------------------------------------------


def page(number: int, data: bytes = JOURNAL) -> bytes:
    return data[(number - 1) * PAGE : number * PAGE]


def resealed(number: int, plain: bytes, nonce: bytes = bytes(range(16))) -> dict[str, Any]:
    sealed = seal_page(DEK, number, plain, nonce)
    return {"do": "write", "file": "journal.db", "at": (number - 1) * PAGE, "data": b64(sealed)}


def mac(header: dict[str, Any], dek: bytes = DEK, **form: Any) -> str:
    form = form or {"sort_keys": True, "separators": (",", ":")}
    text = json.dumps(header, **form).encode()
    return b64(hashlib.blake2b(text, digest_size=32, key=dek, person=b"hb header mac v1").digest())


def wrap(dek: bytes, *fields: str, secret: str = PASSWORD) -> str:
    """The password's wrap sealed anew, with whatever is authenticated with it."""
    salt = FILE.header.wraps[0].salt
    parameters = FILE.header.kdf.parameters()
    kek = derive_key(secret, salt, parameters)
    return b64(bytes(Aead(kek).encrypt(dek, associated_data(*fields), bytes(24))))


def rewrapped(sealed: str, **members: Any) -> list[dict[str, Any]]:
    """The header with another password wrap (and other members), under a MAC that fits."""
    header = copy.deepcopy(HEADER["header"])
    header["wraps"][0]["sealed"] = sealed
    header.update(members)
    return [put("header", value=header), put("mac", value=mac(header))]


def drop(plain: bytes, public_key: bytes = FILE.header.inbox_public_key) -> dict[str, Any]:
    """A row with a sealed box made as libsodium does, but for the fixed ephemeral key."""
    ephemeral = PrivateKey(bytes(range(32)))
    ours = bytes(ephemeral.public_key)
    nonce = hashlib.blake2b(ours + public_key, digest_size=24).digest()
    sealed = ours + Box(ephemeral, PublicKey(public_key)).encrypt(plain, nonce).ciphertext
    return row(sealed)


def row(sealed: bytes) -> dict[str, Any]:
    insert = "INSERT INTO drops(sealed) VALUES(?)"
    return {"do": "sql", "file": "inbox.db", "sql": insert, "values": [b64(sealed)]}


def body(**changes: Any) -> bytes:
    members = {"day": DAY.isoformat(), "created_ms": 1, "text": "x", "author": "house"}
    return msgspec.msgpack.encode({**members, "source": None, **changes})


def envelope(*fields: Any) -> bytes:
    return msgspec.msgpack.encode(list(fields))


# ---- the cases -------------------------------------------------------------------------------


def secrets() -> Iterator[Case]:
    code = FIRST["recovery_code"]
    yield case("the password", "opens", text="The first thing.")
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    yield case("the password in another Unicode form", "opens", secret=decomposed)
    for name, secret in {
        "another password": "cafe au lait, three times",
        "the password in capitals": PASSWORD.upper(),
        "the password with a space after it": PASSWORD + " ",
        "the password cut off": PASSWORD[:-1],
        "no password": "",
        "a zero byte": "\0",
        "half a character": "\ud800",
        "the password and half a character": PASSWORD + "\udcff",
        "the recovery code as the password": code,
    }.items():
        yield case(name, "wrong_secret", secret=secret)
    typed = {
        "the recovery code": code,
        "the recovery code in small letters": code.lower(),
        "the recovery code without dashes": code.replace("-", ""),
        "the recovery code with spaces": code.replace("-", "  "),
        "the recovery code with dots and long dashes": code.replace("-", "·–", 3),
        "the recovery code in lines": "\n".join(code.split("-")) + "\r\n",
        "the recovery code with O for 0 and I for 1": code.replace("0", "O").replace("1", "I"),
        "the recovery code with o for 0 and l for 1": code.replace("0", "o").replace("1", "l"),
    }
    for name, secret in typed.items():
        yield case(name, "opens", way="recovery", secret=secret)
    other = "0" if code[0] != "0" else "1"
    swapped = code[:3] + code[4] + code[5] + code[3] + code[6:]
    mistaken = {
        "a recovery code with one wrong letter": other + code[1:],
        "a recovery code with a wrong last letter": code[:-1] + ("0" if code[-1] != "0" else "1"),
        "a recovery code with two letters swapped over a dash": swapped.replace("-", ""),
        "a recovery code one letter short": code[:-1],
        "a recovery code one letter long": code + "0",
        "a recovery code with a U in it": "U" + code[1:],
        "a recovery code with an accent in it": "É" + code[1:],
        "a recovery code with half a character in it": "\udcff" + code[1:],
        "no recovery code": "",
        "the password as the recovery code": PASSWORD,
        "a recovery code of zeros": "0" * 32,
    }
    for name, secret in mistaken.items():
        yield case(name, "recovery_code_invalid", way="recovery", secret=secret)
    theirs = VAULTS["second"]["recovery_code"]
    yield case("another vault's recovery code", "wrong_secret", way="recovery", secret=theirs)


def header() -> Iterator[Case]:
    yield from _header_versions()
    yield from _header_costs()
    yield from _header_shape()
    yield from _header_keys()


def _header_versions() -> Iterator[Case]:
    for value in (0, 2, -1, 2**70):
        yield case(f"format {value}", "unsupported", put("header", "format", value=value))
    yield case("format as text", "damaged", put("header", "format", value="1"))
    yield case("format as a fraction", "damaged", put("header", "format", value=1.0))
    yield case("format as a truth", "damaged", put("header", "format", value=True))
    for name, suite in {
        "another suite": "rot13",
        "no suite": "",
        "the suite in capitals": SUITE.upper(),
        "the suite of a weaker cipher": SUITE.replace("chacha20-x", "rc4-x"),
    }.items():
        yield case(name, "unsupported", put("header", "suite", value=suite))
    newer = [put("header", "format", value=2), put("header", "new", value=1)]
    yield case("a newer format with members of its own", "unsupported", *newer)
    yield from _header_text()


def _header_text() -> Iterator[Case]:
    """Half a character has no UTF-8, so that is no header, not even one of a newer format."""
    whole = FIRST["files"]["header.json"].decode()
    newer = whole.replace('"format": 1', '"format": 2')
    half = r"\ud83e"
    texts = {
        "half a character as suite": whole.replace(SUITE, half),
        "half a character behind the suite": whole.replace(SUITE, SUITE + half),
        "half a character in a newer format": newer.replace(SUITE, half),
        "half a character in what a newer format adds": newer.replace(
            "{", f'{{"new": "{half}",', 1
        ),
        "half a character as a name in a newer format": newer.replace("{", f'{{"{half}": 1,', 1),
        "the other half of one in a newer format": newer.replace("{", r'{"new": "\udd99",', 1),
    }
    for name, text in texts.items():
        yield case(name, "damaged", {"do": "text", "text": text})
    both = newer.replace("{", rf'{{"new": "{half}\udd99",', 1)
    yield case("both halves of one in a newer format", "unsupported", {"do": "text", "text": both})
    escaped = newer.replace("{", rf'{{"new": "\{half}",', 1)
    yield case("a backslash before the half", "unsupported", {"do": "text", "text": escaped})
    for name, text, where in (
        ("a suite that is not UTF-8", whole, SUITE),
        ("a newer format that is not UTF-8", newer, FILE.header.vault_id),
    ):
        byte = {"do": "write", "file": "header.json", "at": text.index(where), "data": b64(b"\xff")}
        yield case(name, "damaged", {"do": "text", "text": text}, byte)


def _header_costs() -> Iterator[Case]:
    for name, value in {
        "memory_kib": (0, 8, 19_455, 524_289, 2**31, 2**63, -1),
        "time": (0, 1, 17, 2**32),
        "lanes": (0, 5, 2**24),
    }.items():
        for cost in value:
            change = put("header", "kdf", name, value=cost)
            yield case(f"key derivation with {name} {cost}", "unsupported", change)
    for name, cost in {"memory_kib": 19_457, "time": 3, "lanes": 2}.items():
        change = put("header", "kdf", name, value=cost)
        yield case(f"key derivation with another {name}, within bounds", "wrong_secret", change)
    text = put("header", "kdf", "time", value="2")
    yield case("key derivation with a cost as text", "damaged", text)
    yield case("another cost named", "damaged", put("header", "kdf", "threads", value=1))


def _header_shape() -> Iterator[Case]:
    whole = FIRST["files"]["header.json"].decode()
    texts = {
        "an empty header": "",
        "a header of white space": " \n",
        "a header cut in the middle": whole[: len(whole) // 2],
        "a header without its last bracket": whole.rstrip()[:-1],
        "a header that is null": "null",
        "a header that is a list": "[]",
        "a header that is an empty object": "{}",
        "a header nested very deeply": "[" * 60_000,
        "a header with a comment": "// mine\n" + whole,
        "a header with more behind it": whole + "{}",
        "a header with a byte order mark": "\ufeff" + whole,
        "a header with single quotes": whole.replace('"', "'"),
        "a header with NaN": whole.replace('"lanes": 1', '"lanes": NaN'),
        "a header longer than 64 KiB": whole + " " * 65_536,
    }
    for name, text in texts.items():
        yield case(name, "damaged", {"do": "text", "text": text})
    yield case("no header", "damaged", {"do": "remove", "file": "header.json"})
    yield case("an unknown member", "damaged", put("header", "extra", value=1))
    yield case("an unknown member outside", "damaged", put("extra", value=1))
    wrong = put("header", "wraps", 0, "hint", value="milk")
    yield case("an unknown member of a wrap", "damaged", wrong)
    for name in ("vault_id", "key_id", "kdf", "wraps", "inbox_public_key"):
        yield case(f"no {name}", "damaged", {"do": "set", "at": ["header", name]})
    yield case("no MAC", "damaged", {"do": "set", "at": ["mac"]})
    yield case("an empty list of wraps", "damaged", put("header", "wraps", value=[]))
    yield case("wraps that are no list", "damaged", put("header", "wraps", value={}))
    yield case(
        "a wrap of another purpose", "damaged", put("header", "wraps", 0, "purpose", value="x")
    )
    for name, length in {"salt": 15, "sealed": 71}.items():
        short = put("header", "wraps", 0, name, value=b64(bytes(length)))
        yield case(f"a {name} that is too short", "damaged", short)
    yield case(
        "an inbox key that is too short",
        "damaged",
        put("header", "inbox_public_key", value=b64(bytes(31))),
    )
    yield case("a MAC that is too short", "damaged", put("mac", value=b64(bytes(16))))
    yield case("a MAC without padding", "damaged", put("mac", value=HEADER["mac"].rstrip("=")))
    yield case("a MAC that is not base64", "damaged", put("mac", value="*" * 44))
    yield case(
        "a vault id that is a path", "damaged", put("header", "vault_id", value="../" * 10 + "ab")
    )
    yield case("a vault id in capitals", "damaged", put("header", "vault_id", value="A" * 32))
    reordered = dict(sorted(HEADER["header"].items(), reverse=True))
    yield case("a header in another order", "opens", put("header", value=reordered))
    compact = json.dumps(HEADER, separators=(",", ":"))
    yield case("a header without white space", "opens", {"do": "text", "text": compact})
    yield case(
        "a header with white space behind it", "opens", {"do": "text", "text": whole + "\n \t"}
    )


def _header_keys() -> Iterator[Case]:
    yield case("another vault id", "wrong_secret", put("header", "vault_id", value="0" * 32))
    yield case("another key id", "wrong_secret", put("header", "key_id", value="0" * 32))
    theirs = parse_header(VAULTS["second"]["files"]["header.json"]).header
    yield case(
        "another vault's header", "damaged", {"do": "take", "file": "header.json", "from": "second"}
    )
    older = {"do": "take", "file": "header.json", "from": "older"}
    yield case("an old header on a new database", "damaged", older)
    yield case(
        "an old header on a new database, by code",
        "damaged",
        older,
        way="recovery",
        secret=FIRST["recovery_code"],
    )
    for way, place in (("password", 0), ("recovery", 1)):
        secret = PASSWORD if way == "password" else FIRST["recovery_code"]
        theirs_wrap = VAULTS["second"]["files"]["header.json"]
        value = json.loads(theirs_wrap)["header"]["wraps"][place]
        yield case(
            f"another vault's {way} wrap",
            "wrong_secret",
            put("header", "wraps", place, value=value),
            way=way,
            secret=secret,
        )
        wraps = HEADER["header"]["wraps"]
        swapped = [{**wraps[0], "purpose": "recovery"}, {**wraps[1], "purpose": "password"}]
        yield case(
            f"swapped wraps, opened by {way}",
            "wrong_secret",
            put("header", "wraps", value=swapped),
            way=way,
            secret=secret,
        )
        yield case(
            f"the only wrap is not for the {way}",
            "damaged",
            put("header", "wraps", value=[wraps[1 - place]]),
            way=way,
            secret=secret,
        )
        for part, at in (("salt", 5), ("nonce", 5), ("ciphertext", 40), ("tag", 71)):
            name = "salt" if part == "salt" else "sealed"
            data = bytearray(base64.b64decode(wraps[place][name]))
            data[at] ^= 1
            yield case(
                f"a flipped bit in the {part} of the {way} wrap",
                "wrong_secret",
                put("header", "wraps", place, name, value=b64(data)),
                way=way,
                secret=secret,
            )
    yield case(
        "the other wrap changed",
        "damaged",
        put("header", "wraps", 1, "sealed", value=b64(bytes(72))),
    )
    yield case(
        "the other wrap missing",
        "damaged",
        put("header", "wraps", value=HEADER["header"]["wraps"][:1]),
    )
    yield case(
        "the wraps in another order",
        "damaged",
        put("header", "wraps", value=HEADER["header"]["wraps"][::-1]),
    )
    yield case(
        "another inbox key",
        "damaged",
        put("header", "inbox_public_key", value=b64(theirs.inbox_public_key)),
    )
    changed = {**HEADER["header"], "inbox_public_key": b64(theirs.inbox_public_key)}
    forged = [put("header", value=changed), put("mac", value=mac(changed))]
    yield case("another inbox key under a MAC that fits", "damaged", *forged)
    tag = bytearray(base64.b64decode(HEADER["mac"]))
    tag[0] ^= 128
    yield case("a flipped bit in the MAC", "damaged", put("mac", value=b64(tag)))
    yield case("a MAC of zeros", "damaged", put("mac", value=b64(bytes(32))))
    yield case(
        "a MAC of the header as it is written",
        "damaged",
        put("mac", value=mac(HEADER["header"], indent=2)),
    )
    yield case(
        "a MAC under another key", "damaged", put("mac", value=mac(HEADER["header"], bytes(32)))
    )
    yield case("a MAC without its personalisation", "damaged", put("mac", value=_plain_mac()))
    ids = (FILE.header.vault_id, "password", FILE.header.key_id, SUITE, str(FORMAT))
    yield case("a wrap sealed anew", "opens", *rewrapped(wrap(DEK, *ids)))
    for name, fields in {
        "nothing": (),
        "the fields in another order": ids[::-1],
        "another format": (*ids[:4], "2"),
        "another suite": (*ids[:3], "none", ids[4]),
        "one field fewer": ids[:4],
        "two fields run together": (ids[0] + ids[1], *ids[2:]),
    }.items():
        changes = rewrapped(wrap(DEK, *fields))
        yield case(f"a wrap authenticated with {name}", "wrong_secret", *changes)
    yield case("a wrap of another key", "damaged", *rewrapped(wrap(bytes(32), *ids)))


def _plain_mac() -> str:
    text = json.dumps(HEADER["header"], sort_keys=True, separators=(",", ":")).encode()
    return b64(hashlib.blake2b(text, digest_size=32, key=DEK).digest())


def pages() -> Iterator[Case]:
    journal = "journal.db"
    parts = {"ciphertext": 2_000, "first byte": 0, "nonce": 4_064, "counter": 4_076, "tag": 4_095}
    for number in (1, 2, PAGES):
        for part, at in parts.items():
            change = flip(journal, (number - 1) * PAGE + at, 128)
            name = f"a flipped bit in page {number}: {part}"
            yield case(name, "damaged", change, damaged_pages=[number])
    for at in (16, 18, 20, 22):
        name = f"a flipped bit in byte {at} of the database's header"
        yield case(name, "damaged", flip(journal, at), damaged_pages=[1])
    yield case(
        "two pages swapped",
        "damaged",
        {"do": "swap pages", "file": journal, "pages": [2, 3]},
        damaged_pages=[2, 3],
    )
    yield case(
        "a page moved",
        "damaged",
        {"do": "copy page", "file": journal, "pages": [2, 5]},
        damaged_pages=[5],
    )
    theirs = {"do": "copy page", "file": journal, "from": "second", "pages": [2, 2]}
    yield case("a page of another vault", "damaged", theirs, damaged_pages=[2])
    first = {"do": "copy page", "file": journal, "from": "second", "pages": [1, 1]}
    yield case("the first page of another vault", "damaged", first, damaged_pages=[1])
    yield case(
        "another vault's database", "damaged", {"do": "take", "file": journal, "from": "second"}
    )
    zeros = {"do": "write", "file": journal, "at": PAGE, "data": b64(bytes(PAGE))}
    yield case("a page of zeros", "damaged", zeros, damaged_pages=[2])
    yield case("no database", "damaged", {"do": "remove", "file": journal})
    for name, length in {
        "an empty database": 0,
        "a database of one byte": 1,
        "a database without its last page": len(JOURNAL) - PAGE,
        "a database of one page": PAGE,
    }.items():
        yield case(name, "damaged", {"do": "cut", "file": journal, "to": length})
    cut = {"do": "cut", "file": journal, "to": len(JOURNAL) - 7}
    yield case("a database cut within its last page", "damaged", cut, damaged_pages=[PAGES])
    more = {"do": "write", "file": journal, "at": len(JOURNAL), "data": b64(b"x" * 100)}
    yield case("a database with more behind its last page", "opens", more)
    plain = {"do": "write", "file": journal, "at": 0, "data": b64(b"SQLite format 3\0")}
    yield case("a database that says it is in plain", "damaged", plain, damaged_pages=[1])
    yield from _sealed_pages()


def _sealed_pages() -> Iterator[Case]:
    plain = open_page(DEK, 2, page(2))
    yield case("a page sealed anew", "opens", resealed(2, plain))
    # From the 16th block of the page on, the counter has carried into the nonce.
    low = struct.pack("<I", (2**32 - 16) ^ 2)
    yield case("a page whose block counter carries", "opens", resealed(2, plain, bytes(12) + low))
    ones = b"\xff" * 12
    yield case(
        "a page whose block counter carries all along", "opens", resealed(2, plain, ones + low)
    )
    last = struct.pack("<I", (2**32 - 1) ^ 2)
    yield case(
        "a page whose keys are the last block", "opens", resealed(2, plain, bytes(12) + last)
    )
    yield case(
        "a page sealed as another number", "damaged", _sealed_as(3, 2, plain), damaged_pages=[2]
    )
    yield case(
        "a page sealed with another key",
        "damaged",
        _sealed_with(bytes(32), plain),
        damaged_pages=[2],
    )
    for name, broken in {
        "a sealed page that is no b-tree page": b"\x2a" + plain[1:],
        "a sealed page of zeros": bytes(4_064),
        "a sealed page with a wild cell pointer": plain[:8] + b"\xff\xf0" + plain[10:],
    }.items():
        yield case(name, "damaged", resealed(2, broken))


def _sealed_as(number: int, place: int, plain: bytes) -> dict[str, Any]:
    data = seal_page(DEK, number, plain, bytes(range(16)))
    return {"do": "write", "file": "journal.db", "at": (place - 1) * PAGE, "data": b64(data)}


def _sealed_with(dek: bytes, plain: bytes) -> dict[str, Any]:
    data = seal_page(dek, 2, plain, bytes(range(16)))
    return {"do": "write", "file": "journal.db", "at": PAGE, "data": b64(data)}


def log() -> Iterator[Case]:
    def logged(name: str, outcome: str, *changes: dict[str, Any], **more: Any) -> Case:
        return case(name, outcome, *changes, vault="log", **more)

    wal = "journal.db-wal"
    mend = {"do": "mend log", "file": wal}
    last = 32 + (FRAMES - 1) * FRAME
    number = struct.unpack_from(">I", LOG, last)[0]
    there, gone = "The last thing.", "-The last thing."
    yield logged("a log", "opens", text=there)
    yield logged("a log missing", "opens", {"do": "remove", "file": wal}, text=gone)
    yield logged("an empty log", "opens", {"do": "cut", "file": wal, "to": 0}, text=gone)
    yield logged(
        "a log of its header only", "opens", {"do": "cut", "file": wal, "to": 32}, text=gone
    )
    yield logged(
        "a log cut within its last commit",
        "opens",
        {"do": "cut", "file": wal, "to": last + 9},
        text=gone,
    )
    yield logged(
        "a log without its last commit", "opens", {"do": "cut", "file": wal, "to": last}, text=gone
    )
    open_frame = struct.pack(">2I", number, 0)
    uncommitted = {"do": "write", "file": wal, "at": last, "data": b64(open_frame)}
    yield logged(
        "a log whose last transaction was never committed", "opens", uncommitted, mend, text=gone
    )
    yield logged(
        "a log with a page flipped in its last frame", "opens", flip(wal, last + 500), text=gone
    )
    yield logged(
        "a log with a bad checksum in its last frame", "opens", flip(wal, last + 17), text=gone
    )
    yield logged(
        "a log with another salt in its last frame", "opens", flip(wal, last + 9), text=gone
    )
    yield logged(
        "a log with another page number in its last frame", "opens", flip(wal, last + 3), text=gone
    )
    stale = {"do": "write", "file": wal, "at": len(LOG), "data": b64(LOG[32 : 32 + FRAME])}
    yield logged("a log with an old frame behind the last", "opens", stale, text=there)
    noise = {"do": "write", "file": wal, "at": len(LOG), "data": b64(b"noise" * 10)}
    yield logged("a log with noise behind the last frame", "opens", noise, text=there)
    for name, at in {"magic": 0, "version": 7, "page size": 10, "salt": 17, "checksum": 31}.items():
        yield logged(f"a log with another {name} in its header", "damaged", flip(wal, at, 64))
    # Whoever has no key can still make the checksums fit; the pages' tags are what counts.
    for name, at in {"ciphertext": 500, "nonce": 4_064 + 24, "tag": 4_080 + 24}.items():
        changes = [flip(wal, last + at), mend]
        name = f"a log with a flipped {name} and checksums that fit"
        yield logged(name, "damaged", *changes, damaged_pages=[number])
    moved = {"do": "write", "file": wal, "at": last, "data": b64(struct.pack(">I", 3))}
    yield logged(
        "a log with a page moved and checksums that fit", "damaged", moved, mend, damaged_pages=[3]
    )
    many = {"do": "write", "file": wal, "at": last + 4, "data": b64(struct.pack(">I", 2**32 - 1))}
    yield logged("a log that says there are four billion pages", "damaged", many, mend)
    few = {"do": "write", "file": wal, "at": last + 4, "data": b64(struct.pack(">I", 3))}
    yield logged("a log that says there are three pages", "damaged", few, mend)
    theirs = {"do": "take", "file": "journal.db", "from": "second"}
    yield logged("a log beside another vault's database", "damaged", theirs)
    old = {"do": "cut", "file": "journal.db", "to": len(LOG_JOURNAL) - PAGE}
    yield logged("a log beside a database cut off", "damaged", old)
    superseded = _page_in_log()
    torn = flip("journal.db", (superseded - 1) * PAGE + 77)
    yield logged("a database with a torn page that the log has whole", "opens", torn, text=there)


def _page_in_log() -> int:
    """A page of the database that a committed frame of the log replaces."""
    numbers = [struct.unpack_from(">I", LOG, 32 + i * FRAME)[0] for i in range(FRAMES)]
    return max(number for number in numbers if number <= len(LOG_JOURNAL) // PAGE)


def inbox() -> Iterator[Case]:
    me = FILE.header.vault_id
    theirs = parse_header(VAULTS["second"]["files"]["header.json"]).header
    some_id = "0123456789abcdef" * 2
    good = envelope(1, me, some_id, body())
    yield case("one more drop", "opens", drop(good), drops=[3, 0])
    refused = {
        "a drop for another vault": drop(envelope(1, theirs.vault_id, some_id, body())),
        "a drop sealed to another key": drop(good, theirs.inbox_public_key),
        "a drop of version 2": drop(envelope(2, me, some_id, body())),
        "a drop of version 0": drop(envelope(0, me, some_id, body())),
        "a drop with its version as text": drop(envelope("1", me, some_id, body())),
        "a drop with its version as a truth": drop(envelope(True, me, some_id, body())),
        "a drop whose id is a number": drop(envelope(1, me, 7, body())),
        "a drop whose vault id is no text": drop(
            envelope(1, me, some_id, body())[:3] + b"\xff" * 40
        ),
        "a drop that is a map": drop(msgspec.msgpack.encode({"version": 1})),
        "a drop that is a number": drop(b"\x01"),
        "an empty drop": drop(b""),
        "a drop cut off": drop(good[:-1]),
        "a drop with more behind it": drop(good + b"\xc0"),
        "a drop that is not MessagePack": drop(b"\xc1"),
        "a drop with a length of four GiB": drop(b"\x94\x01\xdb\xff\xff\xff\xff"),
        "a drop with an array of four billion": drop(b"\xdd\xff\xff\xff\xff\x01"),
        "a row of nothing": row(b""),
        "a row of zeros": row(bytes(100)),
        "a row of a key only": row(bytes(range(32))),
    }
    for name, change in refused.items():
        yield case(name, "opens", change, drops=[2, 1])
    opened = _sealed(drop(good))
    for name, at in {"ephemeral key": 3, "tag": 35, "ciphertext": len(opened) - 1}.items():
        changed = bytearray(opened)
        changed[at] ^= 1
        yield case(f"a drop with a flipped bit in its {name}", "opens", row(changed), drops=[2, 1])
    yield case("no inbox", "opens", {"do": "remove", "file": "inbox.db"}, drops=[0, 0])
    taken = {"do": "take", "file": "inbox.db", "from": "second"}
    yield case("another vault's inbox", "opens", taken, drops=[0, 2])
    yield case(
        "an inbox that is no database",
        "damaged",
        {"do": "text", "file": "inbox.db", "text": "no" * 2_000},
    )
    empty = {"do": "sql", "file": "inbox.db", "sql": "DELETE FROM drops"}
    yield case("an inbox without drops", "opens", empty, drops=[0, 0])


def changes() -> Iterator[Case]:
    yield from _killed_before_the_rename()
    yield from _killed_after_the_rename()
    yield from _successors()
    yield from _previous()


KILLED = VAULTS["killed"]
BOTH = json.loads(KILLED["files"]["header.json"])
NEW = BOTH["successor"]
OLD_CODE, NEW_CODE = FIRST["recovery_code"], KILLED["new_recovery_code"]
OTHER = "cafe au lait, three times"
BY_OLD_CODE = {"way": "recovery", "secret": OLD_CODE}
BY_NEW_CODE = {"way": "recovery", "secret": NEW_CODE}


def take(file: str, source: str, name: str | None = None) -> dict[str, Any]:
    taken = {"do": "take", "file": file, "from": source}
    return taken if name is None else {**taken, "as": name}


def text(content: str, file: str = "header.json") -> dict[str, Any]:
    return {"do": "text", "file": file, "text": content}


def before(name: str, outcome: str, *changes: dict[str, Any], **more: Any) -> Case:
    """Both generations in the header, the database still the old one, the previous header gone."""
    name = f"killed before the rename: {name}"
    return case(name, outcome, take("header.json", "killed"), *changes, **more)


def after(name: str, outcome: str, *changes: dict[str, Any], **more: Any) -> Case:
    """As it was killed, but for the previous header: what is meant is the present one."""
    name = f"killed after the rename: {name}"
    gone = {"do": "remove", "file": "header.json.previous"}
    drops = {"drops": [3, 0]} if outcome == "opens" else {}
    return case(name, outcome, gone, *changes, vault="killed", **{**drops, **more})


def _killed_before_the_rename() -> Iterator[Case]:
    yield before("the password", "opens", text="The first thing.")
    yield before("the old code", "opens", **BY_OLD_CODE)
    yield before("the new code", "wrong_secret", **BY_NEW_CODE)
    yield before("another password", "wrong_secret", secret=OTHER)
    whole = take("journal.db", "killed", "journal.db.next")
    yield before("the next database beside it", "opens", whole)
    yield before("half a next database beside it", "opens", text("half", "journal.db.next"))
    yield before("the previous header beside it", "opens", take(*_AS_PREVIOUS))
    broken = flip("journal.db", 2_000)
    yield before("page 1 flipped", "damaged", broken, damaged_pages=[1])
    yield before("page 1 flipped, the old code", "damaged", broken, **BY_OLD_CODE)
    yield before("page 1 flipped, the new code", "wrong_secret", broken, **BY_NEW_CODE)


_AS_PREVIOUS = ("header.json", "first", "header.json.previous")


def _killed_after_the_rename() -> Iterator[Case]:
    yield after("the password", "opens", text="The first thing.")
    yield after("the new code", "opens", **BY_NEW_CODE)
    yield after("the old code", "wrong_secret", **BY_OLD_CODE)
    yield after("another password", "wrong_secret", secret=OTHER)
    broken = flip("journal.db", 2_000)
    yield after("page 1 flipped", "damaged", broken, damaged_pages=[1])
    yield after("page 1 flipped, the new code", "damaged", broken, **BY_NEW_CODE)
    yield after("page 1 flipped, the old code", "wrong_secret", broken, **BY_OLD_CODE)
    zeros = {"do": "write", "file": "journal.db", "data": b64(bytes(3 * PAGE)), "at": 0}
    yield after("three pages of zeros", "damaged", zeros, damaged_pages=[1, 2, 3])
    theirs = take("journal.db", "second")
    yield after("another vault's database", "damaged", theirs)
    yield after("another vault's database, a code", "wrong_secret", theirs, **BY_NEW_CODE)
    for name, length in {"an empty database": 0, "less than a page of a database": 4_095}.items():
        cut = {"do": "cut", "file": "journal.db", "to": length}
        yield after(name, "damaged", cut)
        yield after(f"{name}, a code", "damaged", cut, **BY_OLD_CODE)
    gone = {"do": "remove", "file": "journal.db"}
    yield after("no database", "damaged", gone)
    yield after("no database, another password", "wrong_secret", gone, secret=OTHER)
    alone = [put("header", value=NEW["header"]), put("mac", value=NEW["mac"])]
    alone.append({"do": "set", "at": ["successor"]})
    yield after("the successor alone", "opens", *alone)
    yield after("the successor alone, the new code", "opens", *alone, **BY_NEW_CODE)
    yield after("the successor alone, the old code", "wrong_secret", *alone, **BY_OLD_CODE)
    no_successor = {"do": "set", "at": ["successor"]}
    yield after("the successor lost", "damaged", no_successor)
    yield after("the successor lost, the old code", "damaged", no_successor, **BY_OLD_CODE)
    yield before("the successor alone", "damaged", *alone)
    good = envelope(1, FILE.header.vault_id, "0123456789abcdef" * 2, body())
    for name, key, drops in (
        ("the new key", base64.b64decode(NEW["header"]["inbox_public_key"]), [4, 0]),
        ("the key before", FILE.header.inbox_public_key, [4, 0]),
        ("another vault's key", _key_of_second(), [3, 1]),
    ):
        yield after(f"a drop sealed to {name}", "opens", drop(good, key), drops=drops)


def _key_of_second() -> bytes:
    return parse_header(VAULTS["second"]["files"]["header.json"]).header.inbox_public_key


def _successors() -> Iterator[Case]:
    null = put("successor", value=None)
    yield case("a successor that is null", "opens", null)
    swapped = [put("header", value=NEW["header"]), put("mac", value=NEW["mac"])]
    swapped.append(put("successor", value={"header": BOTH["header"], "mac": BOTH["mac"]}))
    yield before("header and successor swapped", "opens", *swapped)
    yield after("header and successor swapped", "opens", *swapped)
    for name, value in {
        "a number": 1,
        "a list": [],
        "an empty object": {},
        "false": False,
        "a header without its MAC": {"header": NEW["header"]},
        "a header with an unknown member beside": {**NEW, "more": 1},
        "a header with a null successor of its own": {**NEW, "successor": None},
        "a header with a successor of its own": {**NEW, "successor": NEW},
        "the header again": {"header": BOTH["header"], "mac": BOTH["mac"]},
    }.items():
        yield before(f"a successor that is {name}", "damaged", put("successor", value=value))
    theirs = json.loads(VAULTS["second"]["files"]["header.json"])
    yield before("another vault's header as successor", "damaged", put("successor", value=theirs))
    for member, value, outcome in (
        ("format", 2, "unsupported"),
        ("format", "1", "damaged"),
        ("suite", "rot13", "unsupported"),
        ("key_id", BOTH["header"]["key_id"], "damaged"),
        ("vault_id", "0" * 32, "damaged"),
        ("inbox_public_key", b64(bytes(31)), "damaged"),
        ("wraps", NEW["header"]["wraps"][1:], "damaged"),
        ("kdf", {"memory_kib": 524_289, "time": 2, "lanes": 1}, "unsupported"),
        ("kdf", {"memory_kib": 8, "time": 2, "lanes": 1}, "unsupported"),
    ):
        changed = put("successor", "header", member, value=value)
        yield before(f"a successor with {member} {str(value)[:40]}", outcome, changed)
    newer = [put("header", "format", value=2), put("successor", value="anything")]
    yield before("a newer format whose successor is another thing", "unsupported", *newer)
    key = put("successor", "header", "inbox_public_key", value=b64(_key_of_second()))
    yield before("another inbox key in the successor", "damaged", key)
    yield before("another inbox key in the successor, the old code", "opens", key, **BY_OLD_CODE)
    yield after("another inbox key in the successor", "damaged", key)
    first_key = put("header", "inbox_public_key", value=b64(_key_of_second()))
    yield after("another inbox key in the header", "damaged", first_key)
    yield after("another inbox key in the header, the new code", "opens", first_key, **BY_NEW_CODE)
    tag = put("successor", "mac", value=BOTH["mac"])
    yield after("a successor with the header's MAC", "damaged", tag)
    wrap_gone = put("successor", "header", "wraps", 0, "sealed", value=b64(bytes(72)))
    yield before("a successor whose password wrap was changed", "opens", wrap_gone)
    yield after("a successor whose password wrap was changed", "wrong_secret", wrap_gone)


def _previous() -> Iterator[Case]:
    previous = "header.json.previous"
    kept = take(*_AS_PREVIOUS)
    gone = {"do": "remove", "file": "header.json"}
    whole = FIRST["files"]["header.json"].decode()
    broken = {
        "is missing": gone,
        "is cut off": text(whole[:500]),
        "is empty": text(""),
        "is longer than 64 KiB": text(whole + " " * 65_536),
        "has another MAC": put("mac", value=b64(bytes(32))),
        "has another inbox key": put("header", "inbox_public_key", value=b64(bytes(32))),
        "has no password wrap": put("header", "wraps", value=HEADER["header"]["wraps"][1:]),
    }
    for name, change in broken.items():
        yield case(f"the previous header where the header {name}", "opens", kept, change)
    stands = "the previous header standing in"
    yield case(f"{stands}, the code", "opens", kept, gone, **BY_OLD_CODE)
    yield case(f"{stands}, another password", "wrong_secret", kept, gone, secret=OTHER)
    yield case(f"{stands}, itself cut off", "damaged", text(whole[:500], previous), gone)
    newer = {**put("header", "format", value=2), "file": previous}
    yield case(f"{stands}, of a newer format", "unsupported", kept, newer, gone)
    theirs = take("header.json", "second", previous)
    yield case(f"{stands}, another vault's", "damaged", theirs, gone)
    older = take("header.json", "older", previous)
    yield case(f"{stands}, of another key", "damaged", older, gone)
    nothing = {"do": "cut", "file": "journal.db", "to": 0}
    yield case(f"{stands}, without a database", "damaged", kept, gone, nothing)
    yield case(
        "a previous header beside a newer format",
        "unsupported",
        kept,
        put("header", "format", value=2),
    )
    yield case("a previous header that is damaged, beside a good one", "opens", text("?", previous))
    ids = (FILE.header.vault_id, "password", FILE.header.key_id, SUITE, str(FORMAT))
    changed = rewrapped(wrap(DEK, *ids, secret=OTHER))
    yield case("an old password beside a new one", "wrong_secret", kept, *changed)
    yield case("a new password beside an old one", "opens", kept, *changed, secret=OTHER)
    both = take("header.json", "killed", previous)
    yield after("the previous header, with a successor, standing in", "opens", both, gone)
    yield after(
        "the previous header, with a successor, standing in, the old code",
        "wrong_secret",
        both,
        gone,
        **BY_OLD_CODE,
    )
    yield after("the previous header, without the new key, standing in", "damaged", kept, gone)
    yield before("the previous header standing in", "opens", kept, gone)


def _sealed(change: dict[str, Any]) -> bytes:
    return base64.b64decode(change["values"][0])


def generate() -> dict[str, list[Case]]:
    """Every topic's cases. The costs are at their floors, so that all of them run in seconds."""
    assert FILE.header.kdf.parameters() == KdfParameters(19_456, 2, 1)
    makers = (secrets, header, pages, log, inbox, changes)
    return {topic: list(make()) for topic, make in zip(TOPICS, makers, strict=True)}


def text_of(cases: list[Case]) -> str:
    text = "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases) + "\n]\n"
    # Half a character has no UTF-8; Python's escape for it is JSON's, too.
    return text.encode("utf-8", "backslashreplace").decode()


if __name__ == "__main__":
    for topic, cases in generate().items():
        (FOLDER / f"{topic}.json").write_text(text_of(cases))
