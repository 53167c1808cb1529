"""A Llama's herd alone, without a broker, on a port of its own; in this process, or in another.

As a process it can be killed: FOLDER PORT. It prints `ready`, and `observation ID` for each
observation that its listener hears, and approves whoever asks.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

from herdbook.clock import Clock, SystemClock
from herdbook.eventlog.identity import Identity
from herdbook.house.book import HouseBook, Today
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.herd.herd import Herd
from herdbook.llama.herd.port import herd_app
from herdbook.settings import Listener
from herdbook.web.listener import listening
from tests.llama.herd.conftest import Heard
from tests.mosquitto import free_port


class HttpLlama:
    """A herd that can be started and stopped, and keeps its port."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = clock or SystemClock()
        self.port = free_port()
        self.heard = Heard()
        self.identity = Identity.load_or_create(folder / "identity.key")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["HttpLlama"]:
        self.book = await HouseBook.open(self.folder, self.clock, UTC)
        self.herd = Herd(self.book, None, self.identity, self.clock, self.heard, by_http=True)
        task = asyncio.create_task(self.herd.run())
        try:
            async with listening(herd_app(self.herd.door), Listener(self.port), "herd"):
                yield self
        finally:
            task.cancel()
            [result] = await asyncio.gather(task, return_exceptions=True)
            await self.book.close()
            assert isinstance(result, asyncio.CancelledError), result

    async def values(self) -> list[float]:
        """What was observed, in the order of its numbers."""
        return await self.book._read(
            lambda c: [row[0] for row in c.execute("SELECT value FROM observation ORDER BY seq")]
        )


class _Printer:
    def __init__(self) -> None:
        self.herd: Herd | None = None
        self._tasks: set[asyncio.Task[NodeRow]] = set()

    def on_observation(self, observation: Observation) -> None:
        print("observation", observation.id, flush=True)

    def on_today(self, today: Today) -> None:
        pass

    def on_node(self, node: NodeRow) -> None:
        if self.herd is not None and not node.approved:
            self._tasks.add(asyncio.create_task(self.herd.approve(node.node_id)))

    def on_node_gone(self, node_id: str) -> None:
        pass


async def main(folder: Path, port: int) -> None:
    clock = SystemClock()
    book = await HouseBook.open(folder, clock, UTC)
    identity = Identity.load_or_create(folder / "identity.key")
    printer = _Printer()
    printer.herd = herd = Herd(book, None, identity, clock, printer, by_http=True)
    async with listening(herd_app(herd.door), Listener(port), "herd"):
        print("ready", flush=True)
        await herd.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
