"""A Llama's herd alone, in a process of its own that can be killed: FOLDER PORT.

Prints `observation ID` for each observation its listener hears.
"""

import asyncio
import sys
from datetime import UTC
from pathlib import Path

from herdbook.broker import BrokerSettings
from herdbook.clock import SystemClock
from herdbook.eventlog.identity import Identity
from herdbook.house.book import HouseBook, Today
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.herd.herd import Herd


class Printer:
    def on_observation(self, observation: Observation) -> None:
        print("observation", observation.id, flush=True)

    def on_today(self, today: Today) -> None:
        pass

    def on_node(self, node: NodeRow) -> None:
        pass


async def main(folder: Path, port: int) -> None:
    clock = SystemClock()
    book = await HouseBook.open(folder, clock, UTC)
    identity = Identity.load_or_create(folder / "identity.key")
    await Herd(book, BrokerSettings(port=port), identity, clock, Printer()).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
