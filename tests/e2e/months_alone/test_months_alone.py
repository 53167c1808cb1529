"""A node that was alone for three months meets its Llama: everything arrives, once, in order.

It waits for a person, and has its connections cut and its programs killed all the while.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from demo.folder import Folder
from demo.herdbook import Llama
from demo.llama_api import approve
from demo.ports import free_port
from demo.process import Process
from demo.waiting import until
from herdbook.clock import SystemClock
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, open_batch
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.messages import open_have
from herdbook.eventlog.piece import Stored
from herdbook.house.book import HouseBook
from herdbook.ids import node_id_of
from tests.e2e.months_alone.months import SENSORS, Months
from tests.e2e.months_alone.proxy import Proxy
from tests.e2e.months_alone.recorded import record
from tests.mosquitto import Mosquitto

DAYS = 90
CUTS = 50
KILLS = 3
BYTES = 12_000_000
"""Of the log on its way to the broker; as many go on to the Llama."""
COMMAND = (sys.executable, Path(__file__).with_name("impatient.py"))
FOREVER_MS = 2**52


class Household:
    """A real broker, a real Llama and a real Alpaca, each of the two behind a cable of its own."""

    def __init__(self, folder: Folder, to_node: Proxy, to_llama: Proxy) -> None:
        self.to_node, self.to_llama = to_node, to_llama
        made = Llama(
            folder, broker_port=to_llama.port, panel_port=free_port(), api_port=free_port()
        )
        with made.config.open("a") as config:
            config.write("[house]\nkeep_readings_days = 36500\n")
        made.process = Process(
            "llama", [*COMMAND, "llama", "run", "--config", made.config], folder.log("llama")
        )
        self.llama = made
        home = folder.part("alpaca")
        self.log = home / "data"
        config = home / "alpaca.toml"
        config.write_text(
            f'name = "Attic"\ndata = {json.dumps(str(self.log))}\n'
            f"[broker]\nport = {to_node.port}\n"
            '[[sensor]]\nkind = "file"\nid = "none"\nname = "None"\ninterval = 3600\n'
            f"path = {json.dumps(str(home / 'none'))}\n"
        )
        self.node = Process(
            "alpaca", [*COMMAND, "alpaca", "run", "--config", config], folder.log("alpaca")
        )

    async def start(self) -> str:
        """Start both; returns the id of the node."""
        await self.llama.start()
        return await self.start_node()

    async def start_node(self) -> str:
        await self.node.start()
        line = await self.node.said("Herdbook Alpaca ready:")
        return line.rpartition(":")[2].strip()

    async def cut_node(self) -> None:
        self.to_node.cut()

    async def cut_llama(self) -> None:
        self.to_llama.cut()

    async def kill_node(self) -> None:
        await self.node.kill()
        await self.start_node()

    async def kill_llama(self) -> None:
        await self.llama.process.kill()
        await self.llama.start()

    async def stop(self) -> None:
        await self.node.stop()
        await self.llama.stop()

    def accidents(self, chance: random.Random) -> list[Callable[[], Awaitable[None]]]:
        """What happens to the two, in some order."""
        cuts = [chance.choice((self.cut_node, self.cut_llama)) for _ in range(CUTS)]
        kills = [self.kill_node, self.kill_llama] * KILLS
        return chance.sample([*cuts, *kills], CUTS + len(kills))

    async def carried(self, more: int) -> None:
        """Wait until so many further bytes went over the cables, and both are connected."""
        goal = self.to_node.carried + self.to_llama.carried + more

        async def enough() -> bool:
            return (
                self.to_node.carried + self.to_llama.carried >= goal
                and self.to_node.stands
                and self.to_llama.stands
            )

        await until(enough, f"{more} bytes more are carried", seconds=120)


async def everything_is_there(port: int, node_id: str, last: int) -> None:
    """Wait until the Llama says so."""
    async with aiomqtt.Client("127.0.0.1", port) as listening:
        await listening.subscribe(topics.have(node_id), qos=1)
        async with asyncio.timeout(120):
            async for message in listening.messages:
                if open_have(bytes(message.payload), node_id)[1].seq >= last:
                    return


async def test_three_months_arrive_whole_once_and_in_order(tmp_path: Path) -> None:
    chance = random.Random(11)
    months = Months(DAYS)
    with Folder(tmp_path / "state") as folder, Mosquitto(tmp_path / "mosquitto") as broker:
        async with Proxy(broker.port) as to_node, Proxy(broker.port) as to_llama:
            household = Household(folder, to_node, to_llama)
            last = record(months, household.log)
            node_id = await household.start()

            async def approved() -> bool:
                llama = household.llama
                return await approve(llama.api_url, llama.token, node_id)

            await until(approved, "the node is approved", seconds=30)
            accidents = household.accidents(chance)
            for accident in accidents:
                await household.carried(chance.randrange(2 * BYTES // len(accidents)))
                await accident()
            await everything_is_there(broker.port, node_id, last)
            await household.stop()
        book = await HouseBook.open(household.llama.data, SystemClock(), UTC)
        try:
            await holds_what_the_node_told(book, household.log)
            await holds_the_readings(book, node_id, months)
            await holds_the_rest(book, months)
        finally:
            await book.close()


async def holds_what_the_node_told(book: HouseBook, log: Path) -> None:
    """The node's own log is whole, each of its batches was taken once, and nothing was refused."""
    folder = LogFolder.open(log)
    node_id = node_id_of(folder.public_key)
    batches, noticed = [], []
    seq, previous = 0, GENESIS
    for piece in folder.pieces():
        assert isinstance(piece, Stored)
        batch = open_batch(piece.wire, node_id)
        assert (batch.first_seq, batch.prev_hash) == (seq + 1, previous)
        seq, previous = batch.last_seq, batch.hash
        batches.append((batch.first_seq, seq, previous))
        noticed += [event.seq for event in batch.events if event.kind == OBSERVATION]
    assert list(folder.tail()) == []
    folder.close()
    assert await rows(book, "SELECT first_seq, last_seq, hash FROM position") == batches
    assert [seq for (seq,) in await rows(book, "SELECT seq FROM observation")] == noticed
    have = await book.have(node_id)
    assert (have.seq, have.hash) == (seq, previous)
    assert set(await book.refusals()) <= {"gap", "unapproved"}


async def rows(book: HouseBook, query: str) -> list[tuple[Any, ...]]:
    """What there is only of one node, in the order of its numbers."""
    return await book._read(lambda c: c.execute(f"{query} ORDER BY 1").fetchall())


async def holds_the_readings(book: HouseBook, node_id: str, months: Months) -> None:
    timed = months.timed()
    times = [months.times[step] for run in timed for step in run]
    assert len(times) * len(SENSORS) > 2_500_000
    series = {one.sensor: one for one in await book.series(node_id)}
    assert set(series) == {sensor.name for sensor in SENSORS}
    for number, sensor in enumerate(SENSORS):
        one = series[sensor.name].id
        readings = await book.readings(one, 0, FOREVER_MS)
        assert [reading.at_ms for reading in readings] == times
        values = months.values[number]
        assert [round(reading.value * 10**sensor.decimals) for reading in readings] == [
            values[step] for run in timed for step in run
        ]
        assert await book.timeless(one) == months.steps - len(times)
        hours = months.hours(number)
        rollups = await book.by_hour(one, 0, FOREVER_MS)
        assert [rollup.start_ms for rollup in rollups] == sorted(hours)
        for rollup in rollups:
            hour = hours[rollup.start_ms]
            assert rollup.count == hour.count
            assert (rollup.least, rollup.most, rollup.mean) == pytest.approx(
                (hour.least, hour.most, hour.mean)
            )


async def holds_the_rest(book: HouseBook, months: Months) -> None:
    told = await rows(book, "SELECT seq, sentence, observed_ms, clock FROM observation")
    known = {step for run in months.timed() for step in run}
    for number, (step, row) in enumerate(zip(months.noticed, told, strict=True)):
        _, sentence, observed_ms, clock = row
        assert sentence == f"Number {number}."
        assert clock == ("synced" if step in known else "unset")
        assert observed_ms == months.times[step] or step not in known
    facts = [
        ((topic.subject, topic.aspect), fact.value)
        for topic in await book.topics()
        for fact in topic.facts
    ]
    assert len(facts) > 5
    assert dict(facts) == months.remembered()
    assert len(dict(facts)) == len(facts)
