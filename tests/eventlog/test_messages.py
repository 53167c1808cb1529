"""Hello and “have”: signed, bounded, and refused otherwise."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import InputError, MessageRefused
from herdbook.eventlog import messages
from herdbook.eventlog.batch import GENESIS
from herdbook.eventlog.messages import (
    Have,
    Hello,
    open_have,
    open_hello,
    seal_have,
    seal_hello,
)
from tests.eventlog.samples import identity

NODE = identity().node_id
LLAMA = identity(9)
HELLO = Hello("Hallway", "0.1.0", 412)
HAVE = Have(NODE, 412, bytes(range(32)), approved=True)


def refusal(wire: bytes, node_id: str = NODE) -> str:
    opener = open_have if wire.startswith(b"HBV") else open_hello
    with pytest.raises(MessageRefused) as caught:
        opener(wire, node_id)
    return caught.value.reason


def forge(magic: bytes, body: object) -> bytes:
    data = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
    signer = identity() if magic == b"HBH" else LLAMA
    envelope = messages._HELLO if magic == b"HBH" else messages._HAVE
    signature = signer.sign(envelope.domain + data)
    return magic + b"\x01" + signer.public_key + signature + data


def test_they_come_back() -> None:
    assert open_hello(seal_hello(identity(), HELLO), NODE) == HELLO
    assert open_have(seal_have(LLAMA, HAVE), NODE) == (LLAMA.public_key, HAVE)


def test_a_later_release_may_say_more() -> None:
    later = {**msgspec.structs.asdict(HELLO), "sensors": 12}
    assert open_hello(forge(b"HBH", later), NODE) == HELLO


def test_a_have_tells_the_version_of_its_llama() -> None:
    told = msgspec.structs.replace(HAVE, version="0.2.0")
    assert open_have(seal_have(LLAMA, told), NODE)[1].version == "0.2.0"
    before = msgspec.structs.asdict(HAVE)
    del before["version"]
    assert open_have(forge(b"HBV", before), NODE)[1].version == ""
    for version in ("1" * 33, "0.2\x1b[2J"):
        assert refusal(seal_have(LLAMA, msgspec.structs.replace(HAVE, version=version))) == "bounds"


def test_every_changed_byte_is_refused() -> None:
    for wire in (seal_hello(identity(), HELLO), seal_have(LLAMA, HAVE)):
        for place in range(3, len(wire)):
            changed = bytearray(wire)
            changed[place] ^= 0x80
            assert refusal(bytes(changed)) in {"version", "signature"}


def test_a_hello_is_not_a_have() -> None:
    wire = seal_hello(identity(), HELLO)
    with pytest.raises(MessageRefused, match="not such a message"):
        open_have(wire, NODE)
    assert refusal(b"HBV" + wire[3:]) == "signature"


def test_the_node_they_are_about_must_be_the_one_of_the_topic() -> None:
    assert refusal(seal_hello(identity(2), HELLO)) == "wrong_node"
    other = msgspec.structs.replace(HAVE, node_id=identity(2).node_id)
    assert refusal(seal_have(LLAMA, other)) == "wrong_node"


@pytest.mark.parametrize(
    ("magic", "body", "reason"),
    [
        (b"HBH", {"name": "", "version": "1", "seq": 0}, "bounds"),
        (b"HBH", {"name": "x" * 65, "version": "1", "seq": 0}, "bounds"),
        (b"HBH", {"name": "a\nb", "version": "1", "seq": 0}, "bounds"),
        (b"HBH", {"name": "\u202eevil", "version": "1", "seq": 0}, "bounds"),
        (b"HBH", {"name": "  ", "version": "1", "seq": 0}, "bounds"),
        (b"HBH", {"name": "a", "version": "\x1b[31m", "seq": 0}, "bounds"),
        (b"HBH", {"name": "a", "version": "1", "seq": -1}, "bounds"),
        (b"HBH", {"name": "a", "version": "1", "seq": 2**63}, "bounds"),
        (b"HBH", {"name": "a", "version": "1"}, "bounds"),
        (b"HBH", [], "bounds"),
        (b"HBH", b"\xc1", "malformed"),
        (b"HBH", b"\x91" * 900, "malformed"),
        (b"HBH", {"name": "a", "version": "1", "seq": 0, "more": "x" * 1024}, "oversized"),
        (b"HBV", {"node_id": NODE, "seq": 2**53, "hash": bytes(32), "approved": True}, "bounds"),
        (b"HBV", {"node_id": NODE, "seq": 1, "hash": bytes(31), "approved": True}, "bounds"),
        (b"HBV", {"node_id": NODE, "seq": 1, "hash": bytes(32), "approved": 1}, "bounds"),
    ],
)
def test_what_is_signed_but_wrong_is_refused(magic: bytes, body: object, reason: str) -> None:
    assert refusal(forge(magic, body)) in {reason, "bounds"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"HBH", b"HBV"]))
def test_no_bytes_do_more_than_be_refused(data: bytes, magic: bytes) -> None:
    for wire in (data, magic + b"\x01" + data, forge(magic, data)):
        refusal(wire)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\tb", " "])
def test_a_node_learns_at_once_that_it_cannot_be_called_so(name: str) -> None:
    with pytest.raises(InputError, match="1 to 64 printable"):
        seal_hello(identity(), Hello(name, "0.1.0", 0))


def test_the_largest_of_each_fits() -> None:
    longest = Hello("\U0001f999" * 64, "1" * 32, 2**53 - 1)
    assert open_hello(seal_hello(identity(), longest), NODE) == longest
    assert open_have(seal_have(LLAMA, Have(NODE, 2**53 - 1, GENESIS, approved=False)), NODE)
