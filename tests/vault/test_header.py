import json
from pathlib import Path

import msgspec
import pytest

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.crypto.keys import new_dek, new_inbox_key
from herdbook.errors import VaultDamaged, VaultUnsupported, WrongSecret
from herdbook.ids import random_id
from herdbook.vault.header import (
    HeaderFile,
    SignedHeader,
    create_header,
    decoy_header,
    parse_header,
    read_header,
    rewrap,
    unlock_header,
    unlock_with,
    write_header,
)

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"


def _header(dek: bytes, vault_id: str, password: str = PASSWORD) -> HeaderFile:
    return create_header(
        vault_id=vault_id,
        key_id=random_id(),
        dek=dek,
        secrets={"password": password, "recovery": "code"},
        inbox_public_key=new_inbox_key(),
        parameters=FAST,
    )


@pytest.fixture(scope="module")
def both() -> HeaderFile:
    """A header amid a rotation."""
    vault_id = random_id()
    after = _header(new_dek(), vault_id)
    return msgspec.structs.replace(
        _header(new_dek(), vault_id), successor=SignedHeader(after.header, after.mac)
    )


def _changed(both: HeaderFile, **changes: object) -> bytes:
    document = json.loads(msgspec.json.encode(both))
    document["successor"]["header"].update(changes)
    return json.dumps(document).encode()


def test_both_generations_are_written_and_read(both: HeaderFile, tmp_path: Path) -> None:
    write_header(tmp_path / "header.json", both)
    read = read_header(tmp_path / "header.json")
    assert read == both
    first, second = (unlock_with(generation, PASSWORD) for generation in read.generations())
    assert first != second


def test_a_header_at_rest_says_nothing_of_a_successor(both: HeaderFile) -> None:
    at_rest = HeaderFile(both.header, both.mac)
    data = msgspec.json.encode(at_rest)
    assert json.loads(data).keys() == {"header", "mac"}
    assert parse_header(data).generations() == (at_rest,)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"format": 2}, VaultUnsupported),
        ({"suite": "rot13"}, VaultUnsupported),
        ({"kdf": {"memory_kib": 2**40, "time": 3, "lanes": 1}}, VaultUnsupported),
        ({"vault_id": "0" * 32}, VaultDamaged),
        ({"key_id": "0" * 31}, VaultDamaged),
        ({"inbox_public_key": ""}, VaultDamaged),
        ({"extra": 1}, VaultDamaged),
    ],
)
def test_a_successor_is_held_to_the_same_rules(
    both: HeaderFile, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        parse_header(_changed(both, **changes))


def test_a_successor_has_none_of_its_own(both: HeaderFile) -> None:
    document = json.loads(msgspec.json.encode(both))
    document["successor"]["successor"] = dict(document["successor"])
    with pytest.raises(VaultDamaged):
        parse_header(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("name", "value"), [("salt", ""), ("salt", "AAAA"), ("sealed", ""), ("sealed", "A" * 100)]
)
def test_a_wrap_has_its_lengths(both: HeaderFile, name: str, value: str) -> None:
    document = json.loads(msgspec.json.encode(HeaderFile(both.header, both.mac)))
    document["header"]["wraps"][0][name] = value
    with pytest.raises(VaultDamaged):
        parse_header(json.dumps(document).encode())


def test_one_generations_mac_does_not_serve_the_other(both: HeaderFile) -> None:
    assert both.successor is not None
    swapped = SignedHeader(both.successor.header, both.mac)
    with pytest.raises(VaultDamaged, match="changed after"):
        unlock_header(swapped, "password", PASSWORD)


def test_a_new_secret_replaces_only_its_own_wrap() -> None:
    dek = new_dek()
    before = _header(dek, random_id())
    after = rewrap(before, dek, "password", "other words entirely")
    assert after.header.wraps[1] == before.header.wraps[1]
    assert after.header.wraps[0].salt != before.header.wraps[0].salt
    assert unlock_header(after, "password", "other words entirely") == dek
    assert unlock_header(after, "recovery", "code") == dek
    with pytest.raises(WrongSecret):
        unlock_header(after, "password", PASSWORD)


def test_a_decoy_looks_like_a_header_and_opens_with_nothing() -> None:
    decoy = decoy_header(FAST)
    assert parse_header(msgspec.json.encode(decoy)) == decoy
    for purpose in ("password", "recovery"):
        with pytest.raises(WrongSecret):
            unlock_header(decoy, purpose, PASSWORD)
