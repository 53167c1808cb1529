"""Makes batches.json. Run it only for a new version of the format: what is released stays.

python -m tests.contract.batches.make
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from herdbook.eventlog.batch import GENESIS, SealedBatch, open_batch, seal
from herdbook.eventlog.event import (
    CLOCK,
    LOSS,
    READINGS,
    Event,
    LossPayload,
    encode_payload,
)
from herdbook.eventlog.readings import pack
from herdbook.eventlog.timeline import ClockPayload
from tests.eventlog.samples import SYNCED_MS, event, events, forge, identity, raw


def _accepted(name: str, sealed: SealedBatch, prev_hash: bytes, inside: list[Event]) -> Any:
    return {
        "name": name,
        "node_id": identity().node_id,
        "wire": sealed.wire.hex(),
        "hash": sealed.hash.hex(),
        "prev_hash": prev_hash.hex(),
        "events": [
            {**msgspec.structs.asdict(one), "payload": msgspec.msgpack.decode(one.payload)}
            for one in inside
        ],
    }


def _refused(name: str, reason: str, wire: bytes) -> Any:
    return {
        "name": name,
        "node_id": identity().node_id,
        "wire": wire.hex(),
        "refused": reason,
    }


def main() -> None:
    first = seal(identity(), GENESIS, events(1, 2))
    samples = [(SYNCED_MS + 10_000 * i, 20.0 + i / 10) for i in range(5)]
    door = [(SYNCED_MS, False), (SYNCED_MS + 60_000, True)]
    later = [
        event(3, kind=READINGS, payload=encode_payload(pack("room_temperature", "°C", samples))),
        event(4, kind=READINGS, payload=encode_payload(pack("room_door", None, door))),
        event(5, clock_quality="unset", wall_ms=5_000),
        event(6, lamport=900, kind="something_new", payload=msgspec.Raw(b"\x81\xa1x\x07")),
    ]
    second = seal(identity(), first.hash, later)
    block = pack("room_co2", "ppm", [(SYNCED_MS, 420.0), (SYNCED_MS + 30_000, 421.5)])
    dated = msgspec.structs.replace(block, offset_ms=SYNCED_MS - 7_000)
    third = seal(
        identity(),
        second.hash,
        [
            event(7, kind=CLOCK, lamport=901, payload=encode_payload(ClockPayload(-5))),
            event(8, kind=READINGS, lamport=902, payload=encode_payload(dated)),
        ],
    )
    loss = event(21, kind=LOSS, lamport=921, payload=encode_payload(LossPayload(9, 20)))
    fourth = seal(identity(), bytes(range(32)), [loss])
    named = pack("pantry", "°C", [(SYNCED_MS, 17.5)], name="Pantry warmth")
    calling = event(22, kind=READINGS, lamport=922, payload=encode_payload(named))
    fifth = seal(identity(), fourth.hash, [calling])
    flipped = bytearray(first.wire)
    flipped[-1] ^= 1
    newer = bytearray(first.wire)
    newer[3] = 2
    cases = [
        _accepted("first batch", first, GENESIS, events(1, 2)),
        _accepted(
            "second batch: readings, an unset clock, an unknown kind", second, first.hash, later
        ),
        _accepted(
            "third batch: a clock, readings with their boot's time",
            third,
            second.hash,
            open_batch(third.wire, identity().node_id).events,
        ),
        _accepted("a loss of 9 to 20, behind it", fourth, bytes(range(32)), [loss]),
        _accepted("readings that say what their sensor is called", fifth, fourth.hash, [calling]),
        _refused("a changed body", "signature", bytes(flipped)),
        _refused("version 2", "version", bytes(newer)),
        _refused("cut in its head", "malformed", first.wire[:100]),
        _refused("another node", "wrong_node", seal(identity(2), GENESIS, events(1, 1)).wire),
        _refused("a head of two for one event", "bounds", forge(events(1, 1), 1, 2)),
        _refused("a lamport of 2^63", "bounds", forge([raw(lamport=2**63)])),
        _refused("decompresses to 64 MiB", "oversized", forge(zstandard.compress(bytes(1 << 26)))),
    ]
    path = Path(__file__).with_name("batches.json")
    path.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
