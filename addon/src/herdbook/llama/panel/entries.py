"""One entry of a day: taking it out, bringing it back, its traces."""

from aiohttp import web

from herdbook.journal.entry import Entry
from herdbook.llama.panel.days import entries_part
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.web.rendering import is_htmx


async def delete(request: web.Request) -> web.Response:
    """Take an entry out. Until the vault locks its place says so and offers to bring it back."""
    session, opening = signed_in(request)
    async with session.writing:
        journal = desk_of(request).vaults.journal(opening)
        entry = await journal.delete(request.match_info["entry"])
    return await _answer(request, entry)


async def restore(request: web.Request) -> web.Response:
    """Bring a deleted entry back."""
    session, opening = signed_in(request)
    async with session.writing:
        journal = desk_of(request).vaults.journal(opening)
        entry = await journal.restore(request.match_info["entry"])
    return await _answer(request, entry)


async def add_trace(request: web.Request) -> web.Response:
    """Give an entry a trace. The field for the next one stays open."""
    session, opening = signed_in(request)
    async with session.writing:
        journal = desk_of(request).vaults.journal(opening)
        entry = await journal.entry(request.match_info["entry"])
        await journal.traces.add(entry.id, (await fields_of(request)).get("name", ""))
    return await _answer(request, entry, tracing=True)


async def remove_trace(request: web.Request) -> web.Response:
    """Take a trace off an entry. The others can be taken off next."""
    session, opening = signed_in(request)
    async with session.writing:
        journal = desk_of(request).vaults.journal(opening)
        entry = await journal.entry(request.match_info["entry"])
        await journal.traces.remove(entry.id, (await fields_of(request)).get("trace", ""))
    return await _answer(request, entry, tracing=True)


async def _answer(request: web.Request, entry: Entry, *, tracing: bool = False) -> web.Response:
    if is_htmx(request):
        session, opening = signed_in(request)
        traced = entry.id if tracing else ""
        return await entries_part(request, session, opening, entry.day, tracing=traced)
    return desk_of(request).pages.go(
        request, "day", day=entry.day.isoformat(), tail=f"#entry-{entry.id}"
    )
