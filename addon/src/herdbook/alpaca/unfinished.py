"""Sees to it that a crash costs no more than the last ten seconds of readings.

Blocks are filled for a minute before they are events, or the log would be of little else than
events' heads. Meanwhile the log's database holds what is in them, noted anew every eight seconds
where there is something new (docs/adr/0017-unfinished-readings-in-the-logs-database.md).
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from herdbook.alpaca.record import Block, Record
from herdbook.alpaca.sampler import Sampler

_EVERY_S: Final = 8.0


class Unfinished:
    """The blocks that are being filled by some samplers."""

    def __init__(self, record: Record, samplers: Iterable[Sampler]) -> None:
        self._record = record
        self._samplers = list(samplers)
        self._noted: list[Block] = []

    async def keep(self) -> None:
        """Note them every so often, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            if self._now() != self._noted:
                await self._record.keep_unfinished(self._take_note)

    def _take_note(self) -> Sequence[Block]:
        self._noted = self._now()
        return self._noted

    def _now(self) -> list[Block]:
        return [block for sampler in self._samplers for block in sampler.unfinished()]
