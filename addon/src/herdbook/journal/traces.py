"""The traces of an unlocked vault: given, taken off, renamed, merged, found again."""

from datetime import date
from functools import partial

from herdbook.journal import links, uses
from herdbook.journal.trace import Trace
from herdbook.journal.uses import Sort, Stretch, Use
from herdbook.vault.database import Database


class Traces:
    """SQL on one open vault; `links` and `uses` say what each question and change means.

    Changes are durable when they return; where a name goes, the file forgets it as it closes.
    Every method may raise `VaultLocked`, `VaultDamaged` or `StorageError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry_id: str, name: str) -> Trace:
        """Give an entry a trace, a new one if there is none of that name.

        Raises `EntryUnknown`, `InputError`, `TextTooLong`.
        """
        return await self._database.write(partial(links.add, entry_id=entry_id, name=name))

    async def remove(self, entry_id: str, trace_id: str) -> None:
        """Take a trace off an entry; one that it has not is no error. Raises `EntryUnknown`."""
        change = partial(links.remove, entry_id=entry_id, trace_id=trace_id)
        await self._database.write(change, forgets=True)

    async def rename(self, trace_id: str, name: str) -> Trace:
        """The trace that has the name then: this one, or another that had it before.

        In that case nothing is changed. Raises `TraceUnknown`, `InputError`, `TextTooLong`.
        """
        change = partial(links.rename, trace_id=trace_id, name=name)
        return await self._database.write(change, forgets=True)

    async def merge(self, trace_id: str, into_id: str) -> None:
        """Give every entry of a trace another one in its place. Raises `TraceUnknown`."""
        change = partial(links.merge, trace_id=trace_id, into_id=into_id)
        await self._database.write(change, forgets=True)

    async def delete(self, trace_id: str) -> None:
        """Take a trace off every entry. Raises `TraceUnknown`."""
        await self._database.write(partial(links.delete, trace_id=trace_id), forgets=True)

    async def find(self, trace_id: str) -> Use:
        """A trace and its use. Raises `TraceUnknown`, also where only deleted entries have it."""
        return await self._database.read(partial(uses.find, trace_id=trace_id))

    async def named(self, name: str) -> Use:
        """The trace of that name, whatever its case and accents. Raises `TraceUnknown`."""
        return await self._database.read(partial(uses.named, name=name))

    async def listed(
        self, sort: Sort, containing: str = "", *, limit: int, offset: int = 0
    ) -> tuple[list[Use], int]:
        """So many traces whose name contains a text, case and accents aside; and of how many."""
        return await self._database.read(
            partial(uses.listed, sort=sort, containing=containing, limit=limit, offset=offset)
        )

    async def complete(
        self, beginning: str, *, without: str | None = None, limit: int
    ) -> list[Trace]:
        """Traces whose name begins like that, case and accents aside, the most used first.

        Those that the entry of the id `without` has already are left out.
        """
        return await self._database.read(
            partial(uses.complete, beginning=beginning, without=without, limit=limit)
        )

    async def appears_with(self, trace_id: str, *, limit: int) -> list[tuple[Trace, int]]:
        """The traces that most entries of a trace have beside it, and how many have each."""
        return await self._database.read(partial(uses.appears_with, trace_id=trace_id, limit=limit))

    async def per_day(self, trace_id: str, first: date, last: date) -> dict[date, int]:
        """How many entries of a trace each day from `first` to `last` has; others are left out."""
        return await self._database.read(
            partial(uses.per_day, trace_id=trace_id, first=first, last=last)
        )

    async def stretch(self, trace_id: str, before: date | None = None, *, least: int) -> Stretch:
        """A trace's entries before a day, or the newest: whole days, until `least` are together."""
        return await self._database.read(
            partial(uses.stretch, trace_id=trace_id, before=before, least=least)
        )

    async def on_day(self, day: date) -> dict[str, list[Trace]]:
        """The traces of a day's entries, by the entry's id; entries without any are left out."""
        return await self._database.read(partial(uses.on_day, day=day))
