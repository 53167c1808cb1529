"""Days as one page, to be printed or read in one go."""

import asyncio
from datetime import date
from itertools import groupby
from typing import Final

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.journal.entry import Entry, read_day
from herdbook.llama.panel.desk import desk_of, signed_in
from herdbook.llama.panel.markdown import render

LIMIT: Final = 2_000
"""Entries of one page. A browser takes its time for more, and so does a small machine."""


async def show(request: web.Request) -> web.Response:
    """The days from ``?first=`` to ``?last=``, at first those of this month.

    While the vault is locked, today's page with its door. Raises `DayInvalid`.
    """
    desk = desk_of(request)
    opening = signed_in(request)[1]
    today = desk.today()
    first = _day(request, "first", today.replace(day=1))
    last = _day(request, "last", today)
    try:
        entries = await desk.vaults.journal(opening).between(first, last, LIMIT + 1)
        shown = entries[:LIMIT]
        files = await desk.vaults.journal(opening).files.of_entries([one.id for one in shown])
        texts = await asyncio.to_thread(lambda: [render(entry.text) for entry in shown])
        desk.vaults.glance(opening)  # it may have locked meanwhile
    except VaultLocked:
        return desk.pages.go(request, "home")
    days = groupby(zip(shown, texts, strict=True), key=_day_of)
    return desk.pages.page(
        "print.html",
        {
            "first": first,
            "last": last,
            "days": [(day, list(entries)) for day, entries in days],
            "files": files,
            "count": len(shown),
            "cut": shown[-1].day if len(entries) > LIMIT else None,
        },
    )


def _day_of(shown: tuple[Entry, object]) -> date:
    return shown[0].day


def _day(request: web.Request, name: str, otherwise: date) -> date:
    text = request.query.get(name, "")
    return read_day(text) if text else otherwise
