"""What reads a file before a key was seen: any bytes end in a documented outcome, soon and small.

Property tests of header, wraps and inbox; and, for a bounded time each, random and damaged bytes
through every parser of ours and of the decryptor's, which must also agree. `HERDBOOK_FUZZ_S` is how
many seconds each may take (1 by default).
"""

import io
import json
import os
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herdbook.crypto.aead import associated_data
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.crypto.keys import inbox_public_key, new_dek, new_inbox_key, unwrap, wrap
from herdbook.crypto.recovery import new_recovery_code, read_recovery_code
from herdbook.errors import HerdbookError, RecoveryCodeInvalid, VaultDamaged, VaultError
from herdbook.vault import backup
from herdbook.vault.backup import export_vault, unpack
from herdbook.vault.decryptor import herdbook_decrypt as decryptor
from herdbook.vault.folder import open_header
from herdbook.vault.header import Header, HeaderFile, create_header, parse_header, unlock_header
from herdbook.vault.inbox import Inbox
from herdbook.vault.wal import read_log
from tests.vectors.vaults import load

SECONDS = float(os.environ.get("HERDBOOK_FUZZ_S", "1"))
VAULTS = load()
FILES: dict[str, bytes] = VAULTS["log"]["files"]
HEADER = FILES["header.json"]
# Amid a change of its key: two headers, one in the other.
BOTH = VAULTS["killed"]["files"]["header.json"]
DEK, INBOX_KEY = new_dek(), new_inbox_key()
CREATED = create_header(
    vault_id="0" * 32,
    key_id="1" * 32,
    dek=DEK,
    secrets={"password": "three unrelated words"},
    inbox_public_key=inbox_public_key(INBOX_KEY),
    parameters=KdfParameters(MEMORY_FLOOR_KIB, 2, 1),
)
_MEMORY_KIB = 64 * 1024


# ---- properties ------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def _ours(data: bytes) -> str:
    try:
        parse_header(data)
    except VaultError as error:
        return error.code.removeprefix("vault_")
    return "opens"


def _theirs(data: bytes) -> str:
    try:
        decryptor.read_header(data)
    except decryptor.Refused as error:
        return error.outcome
    return "opens"


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_header_or_refused_by_both_readers(data: bytes) -> None:
    assert _ours(data) == _theirs(data) == "damaged"


@given(
    st.sampled_from([HEADER, BOTH]),
    st.lists(
        st.sampled_from(
            ["header", "successor", "wraps", 0, "kdf", "time", "salt", "format", "key_id", "mac"]
        ),
        min_size=1,
    ),
    _JSON,
)
def test_any_value_in_a_header_is_seen_alike_by_both_readers(
    header: bytes, path: list[str | int], value: object
) -> None:
    document = json.loads(header)
    place: object = document
    for name in path[:-1]:
        if isinstance(place, dict) and name in place:
            place = place[name]
        elif isinstance(place, list) and name == 0:
            place = place[0]
    if isinstance(place, dict):
        place[str(path[-1])] = value
    data = json.dumps(document).encode("utf-8", "surrogatepass")
    assert _ours(data) == _theirs(data)


@given(st.integers(0, len(BOTH) - 1), st.integers(0, 255))
@settings(max_examples=500)
def test_any_byte_of_a_header_is_seen_alike_by_both_readers(place: int, byte: int) -> None:
    data = BOTH[:place] + bytes([byte]) + BOTH[place + 1 :]
    assert _ours(data) == _theirs(data)


@given(st.sampled_from([HEADER, BOTH]), st.integers(0, len(BOTH) - 2))
def test_no_beginning_of_a_header_is_a_header(header: bytes, length: int) -> None:
    beginning = header[: min(length, len(header.rstrip()) - 1)]
    assert _ours(beginning) == _theirs(beginning) == "damaged"


_FIELDS = st.lists(st.text(max_size=20), max_size=6)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), _FIELDS)
def test_a_wrap_opens_with_its_key_and_its_fields_and_nothing_else(
    kek: bytes, dek: bytes, fields: list[str]
) -> None:
    aad = associated_data(*fields)
    sealed = wrap(kek, dek, aad)
    assert unwrap(kek, sealed, aad) == dek
    for other in (
        (bytes([kek[0] ^ 1]) + kek[1:], sealed, aad),
        (kek, sealed[:-1], aad),
        (kek, sealed, aad + b"\0"),
        (kek, sealed, associated_data(*fields, "")),
    ):
        with pytest.raises(VaultDamaged):
            unwrap(*other)


@given(st.data())
def test_a_wrap_with_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    kek, dek = bytes(32), bytes(range(32))
    sealed = bytearray(wrap(kek, dek, b"x"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultDamaged):
        unwrap(kek, bytes(sealed), b"x")


@given(_FIELDS, _FIELDS)
def test_no_two_lists_of_fields_authenticate_the_same_bytes(a: list[str], b: list[str]) -> None:
    assert (associated_data(*a) == associated_data(*b)) == (a == b)


_MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "vault_id": st.text("0123456789abcdef", min_size=32, max_size=32),
        "key_id": st.text("0123456789abcdef", min_size=32, max_size=32),
        "inbox_public_key": st.binary(min_size=32, max_size=32),
    },
)


@settings(max_examples=25, deadline=None)
@given(_MEMBERS)
def test_a_header_with_any_other_member_does_not_open(changes: dict[str, str | bytes]) -> None:
    changed: Header = msgspec.structs.replace(CREATED.header, **changes)
    file = HeaderFile(changed, CREATED.mac)
    if changed == CREATED.header:
        assert unlock_header(file, "password", "three unrelated words") == DEK
    else:
        with pytest.raises(VaultError):
            unlock_header(file, "password", "three unrelated words")


@given(st.text(max_size=60))
def test_any_text_as_a_recovery_code_is_refused_alike(text: str) -> None:
    with pytest.raises(RecoveryCodeInvalid):
        read_recovery_code(text)
    with pytest.raises(decryptor.CodeInvalid):
        decryptor.read_recovery_code(text)


@given(st.integers(0, 38), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), st.randoms())
def test_one_wrong_letter_of_a_code_is_found_by_both(
    place: int, letter: str, source: random.Random
) -> None:
    code = new_recovery_code()
    typed = "".join(source.choice((one.lower(), one, " " + one)) for one in code)
    assert read_recovery_code(typed) == decryptor.read_recovery_code(typed) == code
    changed = code[:place] + letter + code[place + 1 :]
    if code[place] not in (letter, "-"):
        for read in (read_recovery_code, decryptor.read_recovery_code):
            with pytest.raises((RecoveryCodeInvalid, decryptor.CodeInvalid)):
                read(changed)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.binary(max_size=2_000), max_size=5))
def test_drops_come_out_of_the_inbox_as_they_went_in(tmp_path: Path, bodies: list[bytes]) -> None:
    path = tmp_path / "inbox.db"
    path.unlink(missing_ok=True)
    inbox = Inbox(path, "0" * 32)
    for body in bodies:
        inbox.add(inbox_public_key(INBOX_KEY), body)
    assert [drop.body for _, drop in inbox.open_all(INBOX_KEY)] == bodies


@given(_JSON.filter(lambda value: not isinstance(value, float)))
def test_the_decryptor_reads_messagepack_as_the_library_does(value: object) -> None:
    try:
        data = msgspec.msgpack.encode(value)
    except (OverflowError, UnicodeError):
        return
    try:
        read = decryptor._unpack_all(data)
    except decryptor.Damaged:
        # More than a drop is made of: deep nesting, or fractions in it.
        assert _depth(value) > 4 or b"\xcb" in data
    else:
        assert read == value


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


# ---- fuzz ------------------------------------------------------------------------------------


def _mutations(seeds: list[bytes]) -> Iterator[bytes]:
    """Damaged copies of the seeds, and noise, until the time is up. Fails when one takes long."""
    source = random.Random(20261120)
    until = time.monotonic() + SECONDS
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while (began := time.monotonic()) < until:
        data = bytearray(source.choice(seeds))
        for _ in range(source.choice((1, 1, 2, 8))):
            place = source.randrange(len(data) + 1)
            length = source.choice((1, 4, 8, 64, 512))
            match source.randrange(5):
                case 0:
                    data[place : place + length] = source.randbytes(length)
                case 1:
                    del data[place : place + length]
                case 2:
                    data[place:place] = data[:length]
                case 3:
                    data[place : place + 4] = source.choice((b"\xff" * 4, bytes(4), b"\x80\0\0\0"))
                case _:
                    del data[place:]
        yield bytes(data)
        assert time.monotonic() - began < 2, "one input took too long"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _MEMORY_KIB, f"{grown} KiB more at the peak"


def _outcome(read: Callable[[], object]) -> str:
    try:
        read()
    except HerdbookError as error:
        return error.code
    except decryptor.Refused as error:
        return error.outcome
    return "opens"


def _has_twins(data: bytes) -> bool:
    twins = []

    def see(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twins.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    try:
        json.loads(data, object_pairs_hook=see)
    except (ValueError, RecursionError):
        return False
    return any(twins)


def test_fuzz_header() -> None:
    for data in _mutations([HEADER, json.dumps(json.loads(HEADER)).encode(), BOTH]):
        # Of a member given twice both take the last; we check the first as well, they do not.
        if not _has_twins(data):
            # Of another format only the version is read by us, the whole by the decryptor.
            pair = _ours(data), _theirs(data)
            assert pair[0] == pair[1] or pair == ("unsupported", "damaged"), data


def test_fuzz_headers_of_a_folder(tmp_path: Path) -> None:
    """A damaged header alone, with a previous one, or standing in itself: both find the same."""
    files, password = VAULTS["killed"]["files"], VAULTS["killed"]["password"]
    (tmp_path / "journal.db").write_bytes(files["journal.db"])
    header, previous = tmp_path / "header.json", tmp_path / "header.json.previous"
    seen = set()
    for number, data in enumerate(_mutations([BOTH, HEADER])):
        (header if number % 3 else previous).write_bytes(data)
        match number % 3:
            case 0:
                header.unlink(missing_ok=True)
            case 1:
                previous.write_bytes(BOTH)
            case 2:
                previous.unlink()
        found: list[bytes] = []
        ours = _outcome(
            lambda found=found: found.append(open_header(tmp_path, "password", password).dek)
        )
        theirs = _outcome(
            lambda found=found: found.append(
                decryptor.open_header(tmp_path, "password", password, [])[1]
            )
        )
        if not _has_twins(data) and ours != "vault_unsupported":
            assert ours.removeprefix("vault_") == theirs, data
            assert len(set(found)) < 2
        seen.add((number % 3, ours))
    assert {(0, "vault_damaged"), (1, "opens"), (2, "vault_damaged")} <= seen


def test_fuzz_log() -> None:
    seen = set()
    for data in _mutations([FILES["journal.db-wal"][: 32 + 4120 * n] for n in (1, 3, 6)]):
        ours = _outcome(lambda data=data: read_log(io.BytesIO(data)))
        theirs = _outcome(lambda data=data: decryptor.read_log(io.BytesIO(data)))
        assert ours.removeprefix("vault_") == theirs
        if ours == "opens":
            log, other = read_log(io.BytesIO(data)), decryptor.read_log(io.BytesIO(data))
            assert (log.frames, log.pages, log.ignored) == other
        seen.add(ours)
    assert seen == {"opens", "vault_damaged"}


def test_fuzz_inbox(tmp_path: Path) -> None:
    path = tmp_path / "inbox.db"
    key = new_inbox_key()
    seen = set()
    for data in _mutations([FILES["inbox.db"]]):
        path.write_bytes(data)
        theirs = _outcome(lambda: decryptor.read_drops(path, [key], "0" * 32))
        ours = _outcome(lambda: Inbox(path, "0" * 32).open_all(key))
        assert theirs in ("opens", "damaged")
        assert ours in ("opens", "vault_damaged", "storage_failed")
        seen.add(ours)
        for left in tmp_path.iterdir():
            left.unlink()
    assert "opens" in seen


def test_fuzz_drops(tmp_path: Path) -> None:
    me = "0" * 32
    body = {"day": "2026-11-20", "created_ms": 1, "text": "x", "author": "house", "source": None}
    seed = msgspec.msgpack.encode([1, me, "1" * 32, msgspec.msgpack.encode(body)])
    inbox = Inbox(tmp_path / "inbox.db", me)
    for data in _mutations([seed]):
        ours = _outcome(lambda data=data: inbox._read(data))
        theirs = _outcome(lambda data=data: decryptor._read_drop(data, me))
        # The decryptor reads the body as well; ours leaves that to the journal.
        assert (ours, theirs) in {
            ("opens", "opens"),
            ("opens", "damaged"),
            ("vault_damaged", "damaged"),
        }, data


def test_fuzz_archive(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    for name in ("header.json", "header.json.previous", "journal.db", "inbox.db"):
        (vault / name).write_bytes(VAULTS["killed"]["files"][name][:12_288])
    export_vault(vault, tmp_path / "seed.tar", person="Ada", made="now")
    seeds = [(tmp_path / "seed.tar").read_bytes(), b"\0" * 1_024]
    seen = set()
    for data in _mutations(seeds):
        (tmp_path / "fuzz.tar").write_bytes(data)
        outcome = _outcome(lambda: unpack(tmp_path / "fuzz.tar", tmp_path / "into"))
        assert outcome in ("opens", "vault_damaged", "vault_unsupported")
        seen.add(outcome)
        names = {path.name for path in (tmp_path / "into").iterdir()}
        assert names <= backup._VAULT | {backup.ABOUT}
        shutil.rmtree(tmp_path / "into")
    assert {"opens", "vault_damaged"} <= seen
    assert {path.name for path in tmp_path.iterdir()} == {"vault", "seed.tar", "fuzz.tar"}


def test_fuzz_pages() -> None:
    """A page without its key: there is no byte that gets past the tag."""
    page = FILES["journal.db"][4096:8192]
    dek = decryptor.unlock(json.loads(HEADER), "password", VAULTS["log"]["password"])
    for data in _mutations([page]):
        if data[:4096] != page and len(data) >= 4096:
            with pytest.raises(decryptor.Damaged):
                decryptor.open_page(dek, 2, data[:4096])
