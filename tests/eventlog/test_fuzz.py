"""Bytes from strangers, for a bounded time: the parsers refuse them with a reason, soon and small.

`HERDBOOK_FUZZ_S` is how many seconds each may take (1 by default).
"""

import json
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard

from herdbook.errors import BatchRefused, HerdbookError, MessageRefused
from herdbook.eventlog.archive import LogArchive, write_archive
from herdbook.eventlog.audit import audit
from herdbook.eventlog.batch import MAX_WIRE, open_batch
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.mark import NAME, read_mark
from herdbook.eventlog.messages import Have, Hello, open_have, open_hello, seal_have, seal_hello
from herdbook.eventlog.readings import ReadingsPayload
from tests.eventlog.samples import chain, event, fill, forge, identity, open_log
from tests.eventlog.test_messages import forge as forged_message

SECONDS = float(os.environ.get("HERDBOOK_FUZZ_S", "1"))
GOLDEN = Path(__file__).parents[1] / "contract" / "batches" / "batches.json"
NODE = identity().node_id
REASONS = {"oversized", "malformed", "version", "wrong_node", "bounds", "signature"}
_MEMORY_KIB = 96 * 1024


def rounds(seed: int) -> Iterator[random.Random]:
    """A source of chance for each round, until the time is over; memory stays bounded."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end or number < 20:
        number += 1
        yield random.Random(seed * 1_000_003 + number)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < _MEMORY_KIB, f"{(after - before) // 1024} MiB in {number} rounds"


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(5):
            case 0:
                changed[place : place + 1] = rng.randbytes(1)
            case 1:
                del changed[place : place + rng.randint(1, 40)]
            case 2:
                changed[place:place] = rng.randbytes(rng.randint(1, 40))
            case 3:
                changed[place:place] = changed[place : place + rng.randint(1, 40)]
            case _:
                changed[place : place + 8] = rng.choice(
                    [bytes(8), b"\xff" * 8, b"\x80" + bytes(7), b"\x7f" + b"\xff" * 7]
                )
    return bytes(changed)


def refused_or_whole(wire: bytes) -> None:
    try:
        batch = open_batch(wire, NODE)
    except BatchRefused as error:
        reason = error.reason
    else:
        reason = ""
    if reason:
        assert reason in REASONS
        return
    assert len(wire) <= MAX_WIRE
    assert [one.seq for one in batch.events] == list(range(batch.first_seq, batch.last_seq + 1))


def test_batches() -> None:
    wires = [bytes.fromhex(case["wire"]) for case in json.loads(GOLDEN.read_text())]
    wires += [batch.wire for batch in chain([1, 40, 400])]
    for rng in rounds(1):
        refused_or_whole(damaged(rng.choice(wires), rng))


def test_bodies_that_a_node_of_the_herd_signed() -> None:
    """Behind a good signature everything is read: there the parsers are on their own."""
    plain = [msgspec.msgpack.encode([event(seq) for seq in range(1, n + 1)]) for n in (1, 3, 30)]
    for rng in rounds(2):
        body = rng.choice(plain)
        last = rng.choice([1, 3, 30])
        if rng.randrange(2):
            body = zstandard.compress(damaged(body, rng))
        else:
            body = damaged(zstandard.compress(body), rng)
        refused_or_whole(forge(body, 1, last))


def _value(rng: random.Random, depth: int = 0) -> object:
    """Anything that MessagePack can say."""
    leaf: list[Callable[[], object]] = [
        lambda: rng.choice([0, -1, 2**53 - 1, 2**53, 2**63, 2**64 - 1, -(2**63), rng.random()]),
        lambda: rng.choice([float("nan"), float("inf"), None, True, False]),
        lambda: "x" * rng.choice([0, 1, 64, 65, 2_000]),
        lambda: rng.randbytes(rng.choice([0, 1, 32])),
    ]
    nested: list[Callable[[], object]] = [
        lambda: [_value(rng, depth + 1) for _ in range(rng.randrange(12))],
        lambda: {f"k{n}": _value(rng, depth + 1) for n in range(rng.randrange(5))},
    ]
    return rng.choice(leaf if depth > 3 else leaf + nested)()


def test_events_of_anything() -> None:
    for rng in rounds(3):
        members = msgspec.to_builtins(event(1), builtin_types=(bytes, msgspec.Raw))
        for _ in range(rng.randint(1, 3)):
            members[rng.randrange(len(members))] = _value(rng)
        if rng.randrange(4) == 0:
            members = [_value(rng) for _ in range(rng.choice([7, 8, 9]))]
        refused_or_whole(forge([members]))


def test_blocks_of_readings() -> None:
    good = {
        "sensor": "s", "unit": "°C", "start_ms": 0, "times": [10, 0], "decimals": 1,
        "values": [1, 2, 3], "offset_ms": 5,
    }  # fmt: skip
    for rng in rounds(4):
        changed = {**good, rng.choice(list(good)): _value(rng)}
        try:
            block = msgspec.msgpack.decode(msgspec.msgpack.encode(changed), type=ReadingsPayload)
            assert len(block.samples()) == len(block.values)
        except (msgspec.ValidationError, HerdbookError):
            continue


def test_hellos_and_haves() -> None:
    hello = seal_hello(identity(), Hello("Hallway", "0.1.0", 412, bytes(16)))
    have = seal_have(identity(9), Have(NODE, 412, bytes(32), True, bytes(16), 7))
    for rng in rounds(5):
        for wire, opener in ((hello, open_hello), (have, open_have)):
            changed = damaged(wire, rng)
            if changed != wire:
                with pytest.raises(MessageRefused) as caught:
                    opener(changed, NODE)
                assert caught.value.reason in REASONS


def test_hellos_and_haves_that_were_signed() -> None:
    """Behind a good signature the bodies are read: by the Llama of any stranger, as all may ask."""
    hello = {"name": "Hallway", "version": "0.1.0", "seq": 412, "nonce": bytes(16)}
    have = {"node_id": NODE, "seq": 4, "hash": bytes(32), "approved": True, "count": 7}
    for rng in rounds(7):
        for magic, good, opener in ((b"HBH", hello, open_hello), (b"HBV", have, open_have)):
            body: object = {**good, rng.choice(list(good)): _value(rng)}
            if rng.randrange(3) == 0:
                body = damaged(msgspec.msgpack.encode(body), rng)
            if rng.randrange(9) == 0:
                body = _value(rng)
            reason = "bounds"
            try:
                opener(forged_message(magic, body), NODE)
            except MessageRefused as error:
                reason = error.reason
            assert reason in REASONS


def test_archives_and_marks(tmp_path: Path) -> None:
    log = open_log(tmp_path / "node")
    fill(log, 60, seal_every=5)
    log.close()
    source = LogFolder.open(tmp_path / "node")
    write_archive(source, tmp_path / "whole.hbx")
    source.close()
    whole = (tmp_path / "whole.hbx").read_bytes()
    mark = (tmp_path / "node" / NAME).read_bytes()
    for rng in rounds(6):
        data = damaged(whole, rng)
        (tmp_path / "changed.hbx").write_bytes(data)
        try:
            archive = LogArchive.open(tmp_path / "changed.hbx")
        except HerdbookError:
            continue
        found = audit(archive)
        archive.close()
        assert found.problems or data == whole, "no change goes unseen"
        changed = damaged(mark, rng)
        (tmp_path / NAME).write_bytes(changed)
        assert (read_mark(tmp_path) is None) == (changed != mark)
