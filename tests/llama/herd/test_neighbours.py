"""What nodes are told of each other over a real mosquitto, and what others publish there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from herdbook.alpaca import agent
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.neighbours import kept
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.broker import BrokerSettings
from herdbook.eventlog import topics
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.neighbours import Ask, open_neighbours, seal_ask
from tests.eventlog.samples import identity
from tests.house.household import Teller, fact
from tests.llama.herd.conftest import LlamaFixture, admit, until

ASK = Ask(5, 5, bytes(range(16)))


@contextlib.asynccontextmanager
async def alpaca(folder: Path, settings: BrokerSettings) -> AsyncIterator[str]:
    config = AlpacaConfig(
        "Hallway", folder, settings, (SystemConfig(interval=0.5),), neighbours=Wants()
    )
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(agent.run(config, on_ready=ready.set_result))
    try:
        yield await ready
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def noticing(llama: LlamaFixture) -> Teller:
    cellar = Teller(llama.book, identity(2))
    await cellar.join("Cellar")
    await cellar.tell(cellar.event(), fact(cellar, "20 minutes"))
    return cellar


async def test_an_alpaca_knows_its_neighbours_after_it_was_let_in(
    llama: LlamaFixture, settings: BrokerSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "alpaca"
    async with llama.running():
        await noticing(llama)
        async with alpaca(folder, settings) as node_id:
            await until(lambda: bool(llama.heard.nodes))
            assert kept(folder) is None
            await admit(llama, node_id)
            await until(lambda: kept(folder) is not None)
    known = kept(folder)
    assert known is not None
    assert [one.node for one in known.observations] == ["Cellar"]
    assert [one.value for one in known.memories] == ["20 minutes"]


class Listening:
    """A client of the broker that hears every answer."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client

    async def ask(self, who: Identity, wire: bytes | None = None) -> None:
        await self.client.publish(topics.ask(who.node_id), wire or seal_ask(who, ASK), qos=1)

    async def heard(self, who: Identity) -> list[bytes]:
        """What was answered before something that is published now comes round."""
        answers = []
        await self.client.publish("herdbook/test/end", b"")
        async for message in self.client.messages:
            if message.topic.value == "herdbook/test/end":
                break
            assert message.topic.value == topics.neighbours(who.node_id)
            answers.append(bytes(message.payload))
        return answers


@pytest.fixture
async def listening(settings: BrokerSettings) -> AsyncIterator[Listening]:
    async with aiomqtt.Client(settings.host, settings.port) as client:
        await client.subscribe("herdbook/v1/llama/+/neighbours", qos=1)
        await client.subscribe("herdbook/test/end")
        yield Listening(client)


async def test_only_who_is_in_the_herd_is_answered(
    llama: LlamaFixture, listening: Listening
) -> None:
    node = identity(1)
    async with llama.running():
        cellar = await noticing(llama)
        await llama.book.hello(node.node_id, Hello("Hallway", "0.1.0", 0))
        await listening.ask(node)
        await listening.ask(identity(7))
        await listening.ask(node, seal_ask(cellar.who, ASK))
        while await llama.book.refusals() != {"ask_wrong_node": 1}:
            await asyncio.sleep(0.01)
        assert await listening.heard(node) == []
        await llama.book.approve(node.node_id)
        await listening.ask(node)
        answers: list[bytes] = []
        async with asyncio.timeout(10):
            while not answers:
                answers = await listening.heard(node)
        _, told = open_neighbours(answers[0], node.node_id)
        assert told.nonce == ASK.nonce
        assert [one.node for one in told.observations] == ["Cellar"]
        await llama.book.retire(node.node_id)
        await listening.ask(node)
        await listening.ask(node, b"nonsense")
        while "ask_malformed" not in await llama.book.refusals():
            await asyncio.sleep(0.01)
        assert await listening.heard(node) == []


async def test_after_a_flood_of_asks_the_last_is_answered(
    llama: LlamaFixture, listening: Listening
) -> None:
    node = identity(1)
    async with llama.running():
        await llama.book.hello(node.node_id, Hello("Hallway", "0.1.0", 0))
        await llama.book.approve(node.node_id)
        for number in range(500):
            last = seal_ask(node, Ask(5, 5, number.to_bytes(16, "big")))
            await listening.client.publish(topics.ask(node.node_id), last, qos=0)
        await listening.ask(node)
        answers: list[bytes] = []
        async with asyncio.timeout(20):
            while not answers or open_neighbours(answers[-1], node.node_id)[1].nonce != ASK.nonce:
                answers += await listening.heard(node)
        counts = [open_neighbours(wire, node.node_id)[1].count for wire in answers]
        assert counts == sorted(set(counts))
        assert len(llama.herd._neighbourhood._asked) == 0
