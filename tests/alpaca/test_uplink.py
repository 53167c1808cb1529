"""The uplink alone: what it does with a log while nobody asks for it."""

import asyncio
from pathlib import Path

from herdbook.alpaca.record import Record
from herdbook.alpaca.uplink import Uplink
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.pin import FilePin
from herdbook.eventlog.retention import Retention
from tests.eventlog.samples import numbered
from tests.fakes.clock import ManualClock


class NoWay:
    """A way that leads nowhere."""

    connected = False

    async def hello(self, wire: bytes) -> None:
        raise AssertionError(f"nothing is sent, nor {wire!r}")

    batch = hello


async def test_a_node_that_is_alone_seals_what_fills_a_batch_and_no_more(tmp_path: Path) -> None:
    clock = ManualClock()
    record = await Record.open(tmp_path, clock)
    uplink = Uplink(
        record,
        "Attic",
        FilePin(tmp_path / "llama.key"),
        clock,
        Retention(),
        on_waiting=lambda _: None,
    )
    sending = asyncio.create_task(uplink.run(NoWay()))
    try:
        for first in (0, 900, 1800):
            await asyncio.gather(
                *(record.append(OBSERVATION, numbered(n)) for n in range(first, first + 900))
            )
            uplink.appended()
        async with asyncio.timeout(60):
            while (head := await record.call(record.log.head)).sealed_seq < 2000:
                await asyncio.sleep(0.01)
        assert (head.sealed_seq, head.seq) == (2000, 2700)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await record.close()
