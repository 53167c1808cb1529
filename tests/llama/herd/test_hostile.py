"""A broker on which somebody else publishes: nothing of it gets in, nothing of it fills memory."""

import asyncio
import logging
import socket
from collections import Counter
from typing import Any

import aiomqtt
import msgspec
import pytest
import zstandard

from herdbook.broker import BrokerSettings
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, MAX_WIRE, seal
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello, seal_hello
from herdbook.house.node import MAX_WAITING
from herdbook.house.quarantine import counts
from tests.eventlog.samples import CO2, event, forge, identity, numbered, raw
from tests.llama.herd.conftest import LlamaFixture, admit, until
from tests.llama.herd.node_driver import NodeDriver


async def test_forged_batches_change_nothing(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    log.append(OBSERVATION, CO2)
    log.seal()
    good = log.batches_after(0, 1)[0]
    stranger = seal(identity(), GENESIS, [event(1)]).wire
    fork = seal(log.identity, GENESIS, [event(1, kind="fork")]).wire
    chain = seal(log.identity, bytes(32), [event(2)]).wire
    far = seal(log.identity, bytes(32), [event(9)]).wire
    forged = {
        "signature": good[:-1] + bytes([good[-1] ^ 1]),
        "wrong_node": stranger,
        "malformed": b"nonsense",
        "version": good[:3] + b"\x09" + good[4:],
        "oversized": bytes(300_000),
        "fork": fork,
        "chain": chain,
        "gap": far,
    }
    async with llama.running(), NodeDriver(log, settings).running() as node:
        await admit(llama, log.node_id)
        await until(lambda: node.sync.acknowledged == 1)
        before = await llama.book.have(log.node_id)
        async with aiomqtt.Client(settings.host, settings.port) as hostile:
            for wire in forged.values():
                await hostile.publish(topics.log(log.node_id), wire, qos=1, retain=True)
        await until(lambda: _refused(llama, set(forged)))
        assert await llama.book.refusals() == dict.fromkeys(forged, 1)
        assert await llama.book.have(log.node_id) == before
        kept = {one.reason: one.size for one in await llama.book.quarantined()}
        assert kept == {reason: len(w) for reason, w in forged.items() if reason != "gap"}
        log.append(OBSERVATION, numbered(2))
        node.appended()
        await until(lambda: node.sync.acknowledged == 2)
        assert [one.value for one in llama.heard.observations] == [1840.0, 2.0]


def everything(llama: LlamaFixture) -> dict[str, list[Any]]:
    """All rows of the house book, but for what is kept and counted of refusals."""

    def read() -> dict[str, list[Any]]:
        connection = llama.book._connection
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name for (name,) in tables} - {"refusal", "quarantine", "sqlite_sequence"}
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
        }

    return llama.book._thread.submit(read).result()


def _hostile_batches(log: EventLog) -> list[tuple[str, str, bytes]]:
    """What it is called, for which reason it is refused, its bytes. The log has two batches."""
    who = log.identity
    first, second = log.batches_after(0, 2)
    last = log.head().sealed_hash

    def signed(*inside: object, at: int = 3, previous: bytes = last) -> bytes:
        return forge(list(inside), at, at + len(inside) - 1, signer=who, previous=previous)

    def third(**changes: object) -> bytes:
        return signed(raw(**{"seq": 3, "lamport": 3, **changes}))

    bomb = forge(zstandard.compress(bytes(64 * 1024 * 1024)), 3, 3, signer=who, previous=last)
    flipped = bytearray(second)
    flipped[-1] ^= 1
    other_signature = second[:84] + first[84:148] + second[148:]
    stranger = forge([raw(seq=3, lamport=3)], 3, 3, signer=identity(7), previous=last)
    named = bytearray(stranger)
    named[4:36] = who.public_key
    huge = msgspec.Raw(msgspec.msgpack.encode(bytes(70_000)))
    return [
        ("forged: a stranger's key", "wrong_node", stranger),
        ("forged: a stranger's signature", "signature", bytes(named)),
        ("forked", "fork", signed(event(2, kind="other"), at=2, previous=bytes(32))),
        ("forked at the first", "fork", signed(event(1, kind="other"), at=1, previous=GENESIS)),
        ("forked across the end", "fork", signed(event(2), event(3), at=2, previous=bytes(32))),
        ("oversized", "oversized", bytes(MAX_WIRE + 1)),
        ("oversized once it is opened", "oversized", bomb),
        ("an oversized event", "oversized", signed(event(3, payload=huge))),
        ("a negative number", "bounds", third(seq=-1)),
        ("a negative Lamport time", "bounds", third(lamport=-5)),
        ("a negative wall time", "bounds", third(wall_ms=-1)),
        ("a negative monotonic time", "bounds", third(monotonic_ms=-1)),
        ("2^63 in the head", "bounds", forge([raw()], 2**63, 2**63, signer=who)),
        ("2^63 as a number", "bounds", third(seq=2**63)),
        ("a Lamport time of 2^63", "bounds", third(lamport=2**63)),
        ("a wall time of 2^63", "bounds", third(wall_ms=2**63)),
        ("a Lamport time that leaps", "bounds", third(lamport=2**53 - 1)),
        ("a wrong signature", "signature", other_signature),
        ("a changed byte", "signature", bytes(flipped)),
        ("a wrong chain", "chain", signed(event(3), previous=bytes([7]) * 32)),
        ("replayed under another version", "version", second[:3] + b"\x02" + second[4:]),
        ("cut", "malformed", second[:100]),
        ("too early", "gap", signed(event(9), at=9)),
    ]


async def test_nothing_that_is_refused_changes_a_row(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    for number in (1, 2):
        log.append(OBSERVATION, numbered(number))
        log.seal()
    topic = topics.log(log.node_id)
    counted: Counter[str] = Counter()

    def refusals() -> dict[str, int]:
        return llama.book._thread.submit(lambda: counts(llama.book._connection)).result()

    async with llama.running():
        async with NodeDriver(log, settings).running() as node:
            await admit(llama, log.node_id)
            await until(lambda: node.sync.acknowledged == 2)
            old_hello = seal_hello(log.identity, Hello("Older", "0.0.1", 0))
        await until(lambda: not llama.heard.nodes[-1].online)
        before = everything(llama)
        async with aiomqtt.Client(settings.host, settings.port) as hostile:
            for name, reason, wire in _hostile_batches(log):
                await hostile.publish(topic, wire, qos=1)
                counted[reason] += 1
                await until(lambda: refusals() == dict(counted))
                assert everything(llama) == before, name
            for wire in log.batches_after(0, 2):  # replayed: known, and that is all
                await hostile.publish(topic, wire, qos=1)
            changed = bytearray(old_hello)
            changed[-1] ^= 1
            for wire, reason in [
                (bytes(changed), "hello_signature"),
                (seal_hello(identity(7), Hello("Stranger", "1", 0)), "hello_wrong_node"),
                (bytes(2000), "hello_oversized"),
                (b"HBH\x01", "hello_malformed"),
            ]:
                await hostile.publish(topics.hello(log.node_id), wire, qos=1)
                counted[reason] += 1
            await until(lambda: refusals() == dict(counted))
            assert everything(llama) == before, "replayed, or a false hello"
    assert [one.value for one in llama.heard.observations] == [1, 2]


def _refused(llama: LlamaFixture, reasons: set[str]) -> bool:
    rows = llama.book._thread.submit(
        lambda: llama.book._connection.execute("SELECT reason FROM refusal").fetchall()
    ).result()
    return {row[0] for row in rows} == reasons


async def test_a_thousand_false_nodes_are_bounded_and_a_real_one_goes_on(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    async with llama.running(), NodeDriver(log, settings).running():
        await admit(llama, log.node_id)
    nodelay = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    async with aiomqtt.Client(settings.host, settings.port, socket_options=nodelay) as hostile:
        for number in range(1000):
            false = Identity(number.to_bytes(32, "big"))
            hello = seal_hello(false, Hello(f"False {number}", "0.1.0", 0))
            await hostile.publish(topics.hello(false.node_id), hello, qos=1, retain=True)
            await hostile.publish(topics.availability(false.node_id), b"online", retain=True)
        await hostile.publish(topics.hello("b" * 26), bytes(10_000_000), qos=1, retain=True)
        await hostile.publish("herdbook/v1/node/NOT AN ID/hello", b"x", qos=1, retain=True)
        await hostile.publish(topics.hello("c" * 26), b"x" * 2000, qos=1, retain=True)
        await hostile.publish(topics.availability("d" * 26), b"\xff" * 5000, qos=1, retain=True)
    async with llama.running(), NodeDriver(log, settings).running() as node:
        log.append(OBSERVATION, CO2)
        node.appended()
        await until(lambda: len(llama.heard.observations) == 1)
        await until(lambda: _refused(llama, {"hello_oversized"}))
        nodes = await llama.herd.nodes()
        assert len(nodes) == MAX_WAITING + 1
        assert [one.node_id for one in nodes if one.approved] == [log.node_id]


async def test_a_flood_of_unapproved_batches_is_counted_and_fills_no_log(
    llama: LlamaFixture, settings: BrokerSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "herdbook.llama")
    stranger = identity()
    wire = seal(stranger, GENESIS, [event(1)]).wire
    async with llama.running():
        async with aiomqtt.Client(settings.host, settings.port) as hostile:
            for _ in range(50):
                await hostile.publish(topics.log(stranger.node_id), wire, qos=1)

        async def counted() -> bool:
            return await llama.book.refusals() == {"unapproved": 50}

        async with asyncio.timeout(20):
            while not await counted():
                await asyncio.sleep(0.02)
    assert [
        one.getMessage() for one in caplog.records if stranger.node_id in one.getMessage()
    ] == []
