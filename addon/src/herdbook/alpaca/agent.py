"""The Alpaca: opens what a node is made of in its order, and closes it at the end."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack

from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.learned import LearnedFile
from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.mount import mounted
from herdbook.alpaca.node import Node
from herdbook.alpaca.noticer import Noticer
from herdbook.alpaca.record import Record
from herdbook.alpaca.sensors.opening import open_sensors
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.clock import Clock, SystemClock, local_zone
from herdbook.embedding.model import Model
from herdbook.ending import to_its_end
from herdbook.eventlog.identity import Identity
from herdbook.llm.language_model import open_model
from herdbook.systemd import Supervisor


def node_id(config: AlpacaConfig) -> str:
    """The id this node has, or will have from its first start on. Raises `StorageError`."""
    return Identity.load_or_create(config.data / "identity.key").node_id


async def run(
    config: AlpacaConfig,
    *,
    on_ready: Callable[[str], None],
    clock: Clock | None = None,
    rng: random.Random | None = None,
    supervisor: Supervisor | None = None,
) -> None:
    """Be this node until cancelled; then write down what is in memory and say goodbye.

    `on_ready` is called once with the node id, when everything has been started, broker or not.
    Raises `ConfigError` for sensors that cannot be, `LogInUse` when this node runs already, and
    `StorageError` when its data folder cannot be used.
    """
    clock = clock or SystemClock()
    rng = rng or random.Random()
    supervisor = supervisor or Supervisor()
    await mounted(config.data, supervisor, rng)
    language = LANGUAGES[config.language]
    surroundings = Surroundings(clock, config.broker, language=language)
    sensors = open_sensors(config, surroundings)
    async with AsyncExitStack() as closing:
        model = open_model(config.model)
        closing.push_async_callback(lambda: to_its_end(model.close()))
        record = await Record.open(config.data, clock)
        closing.push_async_callback(lambda: to_its_end(record.close()))
        learned = LearnedFile(config.data)
        noticer = Noticer(clock, learned, await asyncio.to_thread(learned.load), language)
        memories = await Memories.open(
            config.data, config.name, record, clock, local_zone(), Model(config.embedding)
        )
        closing.push_async_callback(lambda: to_its_end(memories.close()))
        node = Node(config, surroundings, sensors, record, noticer, memories, model, clock, rng)
        closing.push_async_callback(lambda: to_its_end(node.close()))
        await node.run(on_ready, supervisor)
