"""Keys of nodes and Llamas, and what a node remembers of its Llama."""

from pathlib import Path

import pytest

from herdbook.errors import StorageError
from herdbook.eventlog import topics
from herdbook.eventlog.identity import Identity, verify
from herdbook.eventlog.pin import FilePin
from herdbook.ids import node_id_of
from tests.eventlog.samples import identity


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "identity.key"
    first = Identity.load_or_create(path)
    assert Identity.load_or_create(path).public_key == first.public_key
    assert first.node_id == node_id_of(first.public_key)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"zz" * 32, b"\xff" + b"0" * 63])
def test_a_damaged_one_is_said_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity.key"
    path.write_bytes(content)
    with pytest.raises(
        StorageError, match=r"does not hold an identity.*Put the original file back"
    ):
        Identity.load_or_create(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match=r"Is a directory.*Let this user read"):
        Identity.load(path)


def test_only_its_own_signature_of_that_message_is_good() -> None:
    signature = identity().sign(b"message")
    assert verify(identity().public_key, b"message", signature)
    assert not verify(identity(2).public_key, b"message", signature)
    assert not verify(identity().public_key, b"massage", signature)
    assert not verify(identity().public_key, b"message", signature[:-1])
    assert not verify(b"short", b"message", signature)
    assert not verify(bytes(32), b"message", bytes(64))


def test_a_pin_survives_and_a_broken_one_is_said(tmp_path: Path) -> None:
    pin = FilePin(tmp_path / "llama.key")
    assert pin.key is None
    pin.keep(identity().public_key)
    assert FilePin(pin.path).key == identity().public_key
    for content in (b"1234", b"x", bytes(64), b"\xff"):
        pin.path.write_bytes(content)
        with pytest.raises(StorageError, match=r"llama\.key.*Remove it"):
            FilePin(pin.path)
    pin.path.unlink()
    pin.path.mkdir()
    with pytest.raises(StorageError, match=r"Cannot read .*llama\.key"):
        FilePin(pin.path)


def test_topics() -> None:
    node_id = identity().node_id
    assert topics.parse(topics.log(node_id)) == (node_id, "log")
    assert topics.parse(topics.hello(node_id)) == (node_id, "hello")
    assert topics.parse(topics.availability(node_id)) == (node_id, "availability")
    for other in (
        topics.have(node_id),
        f"herdbook/v1/node/{node_id.upper()}/log",
        f"herdbook/v1/node/{node_id}x/log",
        f"herdbook/v1/node/{node_id}/log\n",
        f"herdbook/v1/node/{node_id}/log/more",
        "herdbook/v1/node//log",
        "",
    ):
        assert topics.parse(other) is None
