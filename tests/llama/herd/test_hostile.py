"""A broker on which somebody else publishes: nothing of it gets in, nothing of it fills memory."""

import socket

import aiomqtt

from herdbook.broker import BrokerSettings
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, seal
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello, seal_hello
from herdbook.house.node import MAX_WAITING
from tests.eventlog.samples import CO2, event, identity, numbered
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
