"""Events, batches and whole logs for tests, the same for the same seed."""

import random
import struct
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from herdbook.eventlog import batch as batches
from herdbook.eventlog.batch import GENESIS, SealedBatch, seal
from herdbook.eventlog.event import OBSERVATION, Event, ObservationPayload, encode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.log import EventLog
from tests.fakes.clock import ManualClock

SYNCED_MS = 1_793_534_400_000  # 2026-11-01 12:00 UTC
CO2 = ObservationPayload(
    sensor="room_co2",
    sensor_name="Living room CO₂",
    kind="above_usual",
    sentence="Living room CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm.",
    value=1840.0,
    unit="ppm",
    usual=(420.0, 1100.0),
    confidence=0.97,
)


def identity(seed: int = 1) -> Identity:
    return Identity(bytes([seed]) * 32)


def event(seq: int, **changes: object) -> Event:
    values: dict[str, object] = {
        "seq": seq,
        "lamport": seq,
        "boot_id": "0f4d7c1e-5a5c-4c62-9a49-0a9d6a0f4f1e",
        "monotonic_ms": 1000 * seq,
        "wall_ms": SYNCED_MS + 1000 * seq,
        "clock_quality": "synced",
        "kind": OBSERVATION,
        "payload": encode_payload(CO2),
    }
    return Event(**values | changes)  # type: ignore[arg-type]


def events(first: int, last: int) -> list[Event]:
    return [event(seq) for seq in range(first, last + 1)]


def chain(sizes: list[int], *, seed: int = 1) -> list[SealedBatch]:
    """Batches of the given sizes that follow each other from the start of a log."""
    batches: list[SealedBatch] = []
    for size in sizes:
        after = batches[-1].last_seq if batches else 0
        previous = batches[-1].hash if batches else GENESIS
        batches.append(seal(identity(seed), previous, events(after + 1, after + size)))
    return batches


def open_log(folder: Path, clock: ManualClock | None = None) -> EventLog:
    return EventLog.open(folder, clock or ManualClock(SYNCED_MS), boot_id="boot")


def fill(
    log: EventLog, count: int, *, seal_every: int = 0, rng: random.Random | None = None
) -> None:
    """Append observations whose value is their number; seal now and then, and at the end."""
    rng = rng or random.Random(0)
    done = log.head().seq
    for number in range(done + 1, done + count + 1):
        log.append(OBSERVATION, numbered(number))
        if seal_every and rng.randrange(seal_every) == 0:
            log.seal()
    log.seal()


def numbered(number: int) -> ObservationPayload:
    return ObservationPayload(
        "s", "S", "first_time", f"Number {number}.", float(number), None, None, 1.0
    )


def forge(
    body: bytes | object,
    first: int = 1,
    last: int = 1,
    *,
    signer: Identity | None = None,
    previous: bytes = GENESIS,
) -> bytes:
    """A batch with a good signature around anything: what a hostile node with a key can make."""
    signer = signer or identity()
    data = body if isinstance(body, bytes) else zstandard.compress(msgspec.msgpack.encode(body))
    head = b"HBB\x01" + signer.public_key + struct.pack(">QQ", first, last) + previous
    signed = batches._signed_bytes(head, data)
    return head + signer.sign(signed) + data


def raw(**changes: Any) -> list[Any]:
    """An event as a list, with members that `Event` would not take."""
    values = {**msgspec.structs.asdict(event(1)), "payload": msgspec.to_builtins(CO2)}
    return list((values | changes).values())
