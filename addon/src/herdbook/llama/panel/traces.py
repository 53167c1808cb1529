"""The traces page: every trace of the journal, filtered and in three orders.

What is looked for is what somebody wrote: it comes in a form, never in the address.
"""

from typing import Final, get_args

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.journal.uses import Sort
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.web.rendering import is_htmx

_PAGE: Final = 100
_OFFERS: Final = 8
_ID_LENGTH: Final = 32


async def show(request: web.Request) -> web.Response:
    """The traces, or more of them. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    fields = await fields_of(request)
    sort = _sort(fields.get("sort") or request.query.get("sort", ""))
    containing, start = fields.get("filter", ""), _number(fields.get("from", ""))
    try:
        async with session.writing:
            traces = desk.vaults.journal(opening).traces
            uses, total = await traces.listed(sort, containing, limit=_PAGE, offset=start)
    except VaultLocked:
        return desk.pages.go(request, "home")
    part = "parts/trace_rows.html" if start else "parts/trace_list.html"
    return desk.pages.page(
        part if is_htmx(request) else "traces.html",
        {
            "person": opening.person,
            "uses": uses,
            "total": total,
            "sort": sort,
            "filter": containing,
            "more": start + len(uses) if start + len(uses) < total else None,
        },
    )


async def complete(request: web.Request) -> web.Response:
    """Traces that begin with what is being typed; of no entry that has them already."""
    desk = desk_of(request)
    _, opening = signed_in(request)
    fields = await fields_of(request)
    entry, trace = (fields.get(name, "")[:_ID_LENGTH] for name in ("entry", "trace"))
    found = await desk.vaults.journal(opening).traces.complete(
        fields.get("name", ""), without=entry, limit=_OFFERS + 1
    )
    offers = [one for one in found if one.id != trace][:_OFFERS]
    return desk.pages.page("parts/offers.html", {"offers": offers})


def _sort(text: str) -> Sort:
    return next((sort for sort in get_args(Sort) if sort == text), "recent")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
