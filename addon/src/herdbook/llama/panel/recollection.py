"""Searching the house book: what the house noticed, what it remembers, and its sensors.

What is looked for stands in no address. It stays with the session, in memory, so that who comes
back from a chart finds the page as it was.
"""

from datetime import date
from itertools import groupby
from typing import Final

from aiohttp import web

from herdbook.errors import InputError
from herdbook.house.asked import Asked
from herdbook.house.found import MOST
from herdbook.house.observation import Observation
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.query import QUERY_LIMIT, read_typed
from herdbook.web.rendering import is_htmx

KINDS: Final = (
    "above_usual",
    "below_usual",
    "sudden_change",
    "drift",
    "stuck",
    "missing",
    "first_time",
    "unusual_time",
    "long_lasting",
    "recovered",
    "asked",
)


async def show(request: web.Request) -> web.Response:
    """The page, as it was left."""
    session, _ = signed_in(request)
    return await _page(request, session.recalled)


async def find(request: web.Request) -> web.Response:
    """What is found: by htmx, in place of what was found before."""
    session, _ = signed_in(request)
    session.recalled = _asked(await fields_of(request))
    if not is_htmx(request):
        return desk_of(request).pages.go(request, "recall")
    return await _page(request, session.recalled)


async def _page(request: web.Request, asked: Asked) -> web.Response:
    desk = desk_of(request)
    recalled = None if asked.is_empty else await desk.recall.ask(asked)
    values = {
        "asked": asked,
        "narrowed": asked != Asked(asked.typed),
        "doubtful": read_typed(asked.typed, ("node",)).doubtful,
        "recalled": recalled,
        "days": _by_day(desk, recalled.observations) if recalled else [],
        "most": MOST,
    }
    if is_htmx(request):
        return desk.pages.page("parts/recalled.html", values)
    nodes = [node for node in await desk.herd.nodes() if node.approved or node.retired]
    nodes.sort(key=lambda node: node.name.casefold())
    return desk.pages.page("recall.html", values | {"nodes": nodes, "kinds": KINDS})


def _asked(fields: dict[str, str]) -> Asked:
    kind = fields.get("kind", "")
    if kind and kind not in KINDS:
        raise InputError("There is no such choice.", reason="no_such_choice")
    return Asked(
        typed=fields.get("query", "")[:QUERY_LIMIT].strip("\n"),
        node_id=fields.get("node", ""),
        kind=kind,
        first=_day(fields.get("first", "")),
        last=_day(fields.get("last", "")),
        kept="kept" in fields,
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("That is no day.", reason="no_such_choice") from error


def _by_day(desk: Desk, observations: list[Observation]) -> list[tuple[date, list[Observation]]]:
    """The days, the newest first, each with what was noticed then in the order of time."""

    def day(observation: Observation) -> date:
        return desk.pages.date_of(observation.observed_at)

    in_order = sorted(observations, key=lambda one: one.observed_at)
    return [(each, list(its)) for each, its in groupby(in_order, day)][::-1]
