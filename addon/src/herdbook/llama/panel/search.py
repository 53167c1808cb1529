"""Searching the journal. What is looked for stands in no address: it is asked for by POST.

The words of the last search stay with the open journal, so that who comes back from an entry finds
the page as it was; searches that were sent, not only typed, are kept sealed to be asked again.
"""

import logging
from typing import Final, cast, get_args

from aiohttp import web

from herdbook.errors import InputError, StorageError, VaultLocked
from herdbook.journal.journal import Journal
from herdbook.journal.query import read_query
from herdbook.journal.search import Asked, Order
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.excerpts import plainly
from herdbook.query import QUERY_LIMIT
from herdbook.web.rendering import is_htmx

_NEAR: Final = 100_000
"""Where no page of what is found begins any more."""
_OPENS: Final = '"-'
"""What a phrase, or a word that is not wanted, begins with."""

_LOGGER = logging.getLogger(__name__)


async def show(request: web.Request) -> web.Response:
    """The page, as it was left. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    try:
        journal = desk.vaults.journal(signed_in(request)[1])
        return await _page(request, journal, 0)
    except VaultLocked:
        return desk.pages.go(request, "home")


async def find(request: web.Request) -> web.Response:
    """What is found: in place of what was found before, or below it (`offset`).

    What is still being typed (`typing`) is not kept, nor what asks for nothing.
    """
    desk = desk_of(request)
    fields = await fields_of(request)
    journal = desk.vaults.journal(signed_in(request)[1])
    typed = fields.get("query", "")[:QUERY_LIMIT].strip("\n")
    offset = _offset(fields.get("offset", "0"))
    journal.asked = Asked(typed, _order(fields.get("order", Asked().order)))
    asks = not read_query(typed).is_empty
    if asks and not fields.get("typing") and not offset:
        try:
            await journal.remember_search(typed.strip())
        except StorageError as error:
            # Finding goes on where nothing can be kept.
            _LOGGER.warning("What was searched for is not kept: %s", error)
    if not is_htmx(request) and not offset:
        return desk.pages.go(request, "search")
    return await _page(request, journal, offset)


async def forget(request: web.Request) -> web.Response:
    """Forget what was searched for."""
    journal = desk_of(request).vaults.journal(signed_in(request)[1])
    journal.asked = Asked()
    await journal.forget_searches()
    if not is_htmx(request):
        return desk_of(request).pages.go(request, "search")
    return await _page(request, journal, 0)


async def _page(request: web.Request, journal: Journal, offset: int) -> web.Response:
    asked, pages = journal.asked, desk_of(request).pages
    query = read_query(asked.typed)
    page = await journal.search(query, asked.order, offset)
    values = {
        "typed": asked.typed,
        "order": asked.order,
        "query": query,
        "page": page,
        "found": plainly(page.found),
        "recent": await journal.recent_searches() if query.is_empty else [],
        "model": journal.meaning.state,
        "signs": _is_signs(asked.typed),
        "unfinished": await journal.meaning.unfinished(),
    }
    if not is_htmx(request):
        return pages.page("search.html", values)
    return pages.page("parts/found_more.html" if offset else "parts/found.html", values)


def _is_signs(typed: str) -> bool:
    """Whether there is something, but no word and no beginning of what one types for one."""
    return bool(typed.strip()) and not any(one.isalnum() or one in _OPENS for one in typed)


def _offset(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_NEAR)):
        raise InputError(
            "That is no page of what was found.", fix="Search again.", reason="no_such_choice"
        )
    return int(text)


def _order(text: str) -> Order:
    if text not in get_args(Order):
        raise InputError("Nothing is sorted so.", fix="Search again.", reason="no_such_choice")
    return cast(Order, text)
