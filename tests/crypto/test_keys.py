import base64

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from herdbook.crypto import keys
from herdbook.crypto.aead import associated_data, open_sealed, seal
from herdbook.crypto.kdf import (
    MEMORY_CAP_KIB,
    MEMORY_FLOOR_KIB,
    KdfParameters,
    derive_key,
    new_salt,
)
from herdbook.errors import VaultDamaged, VaultUnsupported

KEY = bytes(range(32))
FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)

fields = st.lists(st.text(max_size=20), max_size=5)


@given(fields, fields)
def test_associated_data_is_injective(one: list[str], other: list[str]) -> None:
    assert (associated_data(*one) == associated_data(*other)) == (one == other)


@given(st.binary(max_size=200), st.binary(max_size=50), st.data())
def test_any_flipped_bit_is_noticed(plaintext: bytes, aad: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, plaintext, aad)
    assert open_sealed(KEY, sealed, aad) == plaintext
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    flipped = bytearray(sealed)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VaultDamaged):
        open_sealed(KEY, bytes(flipped), aad)


@pytest.mark.parametrize("length", [0, 1, 24, 39, 40])
def test_a_truncated_seal_is_refused(length: int) -> None:
    with pytest.raises(VaultDamaged):
        open_sealed(KEY, seal(KEY, b"secret", b"")[:length], b"")


def test_a_wrap_opens_only_with_its_own_key_and_associated_data() -> None:
    dek = keys.new_dek()
    wrapped = keys.wrap(KEY, dek, b"password")
    assert len(wrapped) == 72
    assert keys.unwrap(KEY, wrapped, b"password") == dek
    for kek, aad in ((KEY, b"recovery"), (bytes(32), b"password")):
        with pytest.raises(VaultDamaged):
            keys.unwrap(kek, wrapped, aad)


def test_a_wrap_of_something_else_than_a_key_is_refused() -> None:
    with pytest.raises(VaultDamaged, match="length"):
        keys.unwrap(KEY, seal(KEY, b"short", b""), b"")


def test_the_header_mac_depends_on_key_and_header() -> None:
    mac = keys.header_mac(KEY, b"header")
    assert keys.is_header_mac(KEY, b"header", mac)
    assert not keys.is_header_mac(KEY, b"Header", mac)
    assert not keys.is_header_mac(bytes(32), b"header", mac)


def test_a_drop_opens_only_with_the_inbox_key_it_was_sealed_for() -> None:
    mine, other = keys.new_inbox_key(), keys.new_inbox_key()
    drop = keys.seal_drop(keys.inbox_public_key(mine), b"text")
    assert keys.open_drop(mine, drop) == b"text"
    for key, sealed in ((other, drop), (mine, drop[:-1]), (mine, b"")):
        with pytest.raises(VaultDamaged):
            keys.open_drop(key, sealed)


def test_the_key_depends_on_secret_and_salt_and_not_on_how_accents_are_composed() -> None:
    salt = new_salt()
    key = derive_key("caf\u00e9", salt, FAST)
    assert derive_key("cafe\u0301", salt, FAST) == key
    assert derive_key("cafe", salt, FAST) != key
    assert derive_key("caf\u00e9", new_salt(), FAST) != key


def test_the_key_is_what_the_reference_librarys_own_encoded_hash_holds() -> None:
    hasher = PasswordHasher(2, MEMORY_FLOOR_KIB, 1, 32, 16, type=Type.ID)
    encoded = hasher.hash("password", salt=b"somesaltsomesalt")
    assert extract_parameters(encoded).memory_cost == MEMORY_FLOOR_KIB
    expected = base64.b64decode(encoded.rsplit("$", 1)[1] + "==")
    assert derive_key("password", b"somesaltsomesalt", FAST) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        (MEMORY_FLOOR_KIB - 1, 3, 1),
        (MEMORY_CAP_KIB + 1, 3, 1),
        (MEMORY_FLOOR_KIB, 1, 1),
        (MEMORY_FLOOR_KIB, 17, 1),
        (MEMORY_FLOOR_KIB, 3, 0),
        (MEMORY_FLOOR_KIB, 3, 5),
        (-1, -1, -1),
    ],
)
def test_a_cost_outside_floor_and_cap_is_refused(parameters: tuple[int, int, int]) -> None:
    with pytest.raises(VaultUnsupported, match="accepted"):
        KdfParameters(*parameters)
