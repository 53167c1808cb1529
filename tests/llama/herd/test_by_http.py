"""A whole Alpaca and a Llama, with no broker anywhere: everything arrives, once, in order."""

import asyncio
import contextlib
import logging
import os
import random
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from herdbook.alpaca import agent
from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.neighbours import kept
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.trial import try_way
from herdbook.clock import SystemClock
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello
from tests.eventlog.samples import identity, numbered
from tests.house.household import Teller, fact
from tests.llama.herd.conftest import until
from tests.llama.herd.http_llama import HttpLlama
from tests.mosquitto import free_port

MANY = 20_000


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A cut connection is everyday life: asyncio has no fault to report."""
    yield
    faults = [record for record in caplog.get_records("call") if record.name == "asyncio"]
    assert [fault.getMessage() for fault in faults] == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in a house takes tenths here."""
    monkeypatch.setattr("herdbook.unreachable._FIRST_RETRY_S", 0.05)
    monkeypatch.setattr("herdbook.unreachable._LAST_RETRY_S", 0.2)
    monkeypatch.setattr("herdbook.alpaca.node.PULSE_MS", 200)
    monkeypatch.setattr("herdbook.eventlog.protocol.FIRST_TIMEOUT_MS", 200)


@pytest.fixture
def llama(tmp_path: Path) -> HttpLlama:
    return HttpLlama(tmp_path / "llama")


class Node:
    """An Alpaca with one number in a file."""

    def __init__(self, folder: Path, url: str) -> None:
        self.file = folder / "value"
        self.data = folder / "node"
        self.url = url
        self.neighbours: Wants | None = None
        self.write(50)

    def write(self, value: object) -> None:
        self.file.write_text(f"{value}\n")

    def fill(self, count: int) -> None:
        """A long absence: so many observations, in batches that are not all full."""
        log = EventLog.open(self.data, SystemClock(), boot_id="boot")
        for start in range(1, count + 1, 250):
            log.append_many([(OBSERVATION, numbered(n)) for n in range(start, start + 250)])
            log.seal()
        log.close()

    @property
    def id(self) -> str:
        return Identity.load_or_create(self.data / "identity.key").node_id

    @property
    def config(self) -> AlpacaConfig:
        boiler = FileConfig(
            id="boiler",
            name="Boiler",
            path=str(self.file),
            interval=0.1,
            unit="°C",
            usual=(20, 90),
            quiet=0,
        )
        return AlpacaConfig(
            "Hallway",
            self.data,
            None,
            (boiler,),
            llama=LlamaSettings(self.url),
            neighbours=self.neighbours,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(agent.run(self.config, on_ready=ready.set_result))
        try:
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            yield ready.result() if ready.done() else await task  # type: ignore[misc]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def node(tmp_path: Path, llama: HttpLlama) -> Node:
    return Node(tmp_path, llama.url)


async def admit(llama: HttpLlama, node_id: str) -> None:
    await until(lambda: any(one.node_id == node_id for one in llama.heard.nodes))
    await llama.herd.approve(node_id)


class Cutter:
    """Between the two, and cuts connections after so many bytes, until told to let them be."""

    def __init__(self, port: int, after: Callable[[], int]) -> None:
        self.port = free_port()
        self.cuts = 0
        self.cutting = True
        self._target = port
        self._after = after
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Cutter"]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", self.port):
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        left = [self._after() if self.cutting else sys.maxsize]

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while piece := await source.read(4096):
                    target.write(piece[: left[0]])
                    left[0] -= len(piece)
                    if left[0] <= 0:
                        self.cuts += 1
                        writer.transport.abort()
                        back.transport.abort()
                        return
                    await target.drain()
                target.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


async def test_an_alpaca_without_a_broker_is_paired_and_heard(
    llama: HttpLlama, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with llama.running(), node.running() as node_id:
        await until(lambda: any(one.node_id == node_id for one in llama.heard.nodes))
        assert llama.heard.nodes[-1].name == "Hallway"
        assert not llama.heard.nodes[-1].approved
        node.write(95)
        await asyncio.sleep(0.1)
        assert await llama.values() == []
        await llama.herd.approve(node_id)
        await until(lambda: bool(llama.heard.observations))
        [row] = await llama.herd.nodes()
        assert (row.approved, row.online) == (True, True)
        assert f"Reached the Llama at {llama.url}." in caplog.text
        assert "In the Llama's herd." in caplog.text


async def test_it_works_alone_until_there_is_a_llama(
    llama: HttpLlama, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    async with node.running() as node_id:
        await until(lambda: "nobody listens there" in caplog.text)
        node.write(95)
        assert caplog.text.count("nobody listens there") == 1, "once, not at each try"
        for value in (5, 95, 5):  # and again after each restart
            async with llama.running():
                if not any(one.approved for one in await llama.herd.nodes()):
                    await admit(llama, node_id)
                await until(lambda: bool(llama.heard.observations))
                node.write(value)
                await until(lambda said=value: llama.heard.observations[-1].value == said)
    ids = [one.id for one in llama.heard.observations]
    assert len(ids) == len(set(ids))


async def test_what_the_neighbours_know_is_there_when_the_llama_is_not(
    llama: HttpLlama, node: Node
) -> None:
    node.neighbours = Wants()
    async with llama.running():
        cellar = Teller(llama.book, identity(2))
        await cellar.join("Cellar")
        await cellar.tell(cellar.event(), fact(cellar, "20 minutes"))
        async with node.running() as node_id:
            await admit(llama, node_id)
            await until(lambda: kept(node.data) is not None)
    async with node.running():
        known = kept(node.data)
        assert known is not None
        assert [one.node for one in known.observations] == ["Cellar"]
        assert [one.value for one in known.memories] == ["20 minutes"]


async def test_connections_cut_anywhere_lose_nothing(llama: HttpLlama, node: Node) -> None:
    node.fill(MANY)
    rng = random.Random(5)
    cutter = Cutter(llama.port, lambda: int(10 ** rng.uniform(1, 5.3)))
    node.url = f"http://127.0.0.1:{cutter.port}"
    async with llama.running(), cutter.running(), node.running() as node_id:
        await admit(llama, node_id)
        await until(lambda: cutter.cuts >= 50 or len(llama.heard.observations) >= MANY, 60)
        cutter.cutting = False
        await until(lambda: len(llama.heard.observations) >= MANY, 60)
        assert cutter.cuts > 10
        assert (await llama.values())[:MANY] == [float(n) for n in range(1, MANY + 1)]
        assert [one.value for one in llama.heard.observations][:MANY] == list(range(1, MANY + 1))


async def test_a_llama_killed_while_a_long_log_drains(llama: HttpLlama, node: Node) -> None:
    node.fill(MANY)
    said: list[str] = []
    root = Path(__file__).parents[3]

    async def run_until(count: int) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.llama.herd.http_llama"),
            *(str(llama.folder), str(llama.port)),
            stdout=asyncio.subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while len(said) < count:
                line = await process.stdout.readline()
                assert line, "the Llama ended by itself"
                if line.startswith(b"observation"):
                    said.append(line.decode().split()[1])
        process.kill()
        await process.stdout.read()
        await process.wait()

    async with node.running():
        await run_until(MANY // 10)
        await run_until(MANY // 3)
        async with llama.running():
            while len(await llama.values()) < MANY:
                await asyncio.sleep(0.05)
            assert (await llama.values())[:MANY] == [float(n) for n in range(1, MANY + 1)]
    said += [one.id for one in llama.heard.observations]
    numbers = [int(one.split(":")[1]) for one in said]
    assert numbers == sorted(set(numbers)), "heard twice or out of order"


async def test_an_alpaca_killed_while_a_long_log_drains(
    llama: HttpLlama, node: Node, tmp_path: Path
) -> None:
    node.fill(MANY)
    config = tmp_path / "alpaca.toml"
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[llama]\nurl = "{llama.url}"\n'
        f'[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "{node.file}"\n'
    )
    async with llama.running():
        await llama.book.hello(node.id, Hello("Hallway", "0.1.0", 0))
        await llama.book.approve(node.id)
        for wanted in (1, MANY // 5, MANY // 2, MANY):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "herdbook.cli.main", "alpaca", "run"),
                *("--config", str(config)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            await until(lambda count=wanted: len(llama.heard.observations) >= count, 60)
            process.kill()
            await process.communicate()
        assert [one.value for one in llama.heard.observations] == list(range(1, MANY + 1))


async def test_another_llama_at_the_same_address_is_not_believed(
    llama: HttpLlama, node: Node, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = HttpLlama(tmp_path / "other")
    other.port = llama.port
    async with node.running() as node_id:
        async with llama.running():
            await admit(llama, node_id)
            node.write(95)
            await until(lambda: bool(llama.heard.observations))
        async with other.running():
            await admit(other, node_id)
            node.write(5)
            await until(lambda: "is not the one that approved this node" in caplog.text)
            assert await other.values() == []
        async with llama.running():
            await until(lambda: len(llama.heard.observations) == 2)
            assert await llama.values() == [95, 5]


async def test_a_trial_finds_the_llama_and_leaves_no_trace(llama: HttpLlama, node: Node) -> None:
    async with llama.running():
        tried = await try_way(node.config)
        assert (tried.works, tried.words) == (True, f"{llama.url} answers.")
        assert await llama.book.nodes() == []
        assert await llama.book.quarantined() == []
    gone = await try_way(node.config)
    assert not gone.works
    assert "nobody listens there" in gone.words


async def test_who_is_not_reached_is_left_alone_until_the_next_try(
    llama: HttpLlama, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.unreachable._FIRST_RETRY_S", 60.0)
    monkeypatch.setattr("herdbook.unreachable._LEAST_RETRY_S", 60.0)
    monkeypatch.setattr("herdbook.eventlog.question.AGAIN_MS", 50)
    monkeypatch.setattr("herdbook.alpaca.node.PULSE_MS", 50)
    knocks = 0

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", llama.port), node.running():
        await until(lambda: knocks > 0)
        for value in (95, 5, 95, 5):
            node.write(value)
            await asyncio.sleep(0.1)
    assert knocks == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            "200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
            "something else (status 200, 'text/html",
        ),
        ("404 Not Found\r\n\r\n", "something else (status 404"),
        ("302 Found\r\nLocation: https://elsewhere/\r\n\r\n", "elsewhere, to 'https://elsewhere/'"),
        ("502 Bad Gateway\r\n\r\n", "does not reach it (status 502)"),
        ("200 OK\r\nHerdbook: 1\r\n\r\nno have", "What the Llama answered"),
        ("200 OK\r\nHerdbook: 1\r\n\r\nHBV\x01" + "x" * 200, "was not signed by this key"),
        ("429 X\r\nHerdbook: 1\r\n\r\ncrowded", "does not take a hello: 'crowded'"),
        ("429 X\r\nHerdbook: 1\r\n\r\n\x1b[31m\nroot", r"hello: '\x1b[31m\nroot'"),
    ],
)
async def test_who_answers_in_its_place_is_said_and_the_llama_found_later(
    llama: HttpLlama, node: Node, caplog: pytest.LogCaptureFixture, answer: str, words: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [size] = re.findall(rb"Content-Length: (\d+)", head)
        await reader.readexactly(int(size))
        writer.write(f"HTTP/1.1 {answer}".encode())
        writer.close()

    stranger = await asyncio.start_server(serve, "127.0.0.1", llama.port)
    async with node.running() as node_id:
        await until(lambda: words in caplog.text)
        stranger.close()
        async with llama.running():
            await admit(llama, node_id)
            node.write(95)
            await until(lambda: bool(llama.heard.observations))
    assert "\x1b" not in caplog.text
