"""The day page: a date's entries, the writing field, what the house noticed.

Text is lost nowhere: a draft goes into the vault while it is open; what is sent, or left behind,
while the vault is locked is sealed into the inbox.
"""

import logging
from datetime import date, timedelta
from secrets import token_urlsafe

from aiohttp import web

from herdbook.errors import HerdbookError, Unauthorized, VaultLocked
from herdbook.house.observation import Observation
from herdbook.journal.entry import Entry, read_day
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, session_of, signed_in
from herdbook.llama.panel.faults import KEPT
from herdbook.llama.panel.pages import is_htmx
from herdbook.llama.panel.sessions import Session
from herdbook.llama.people import Person

_LOGGER = logging.getLogger(__name__)


async def home(request: web.Request) -> web.Response:
    """Go to today's page, or to the door."""
    desk = desk_of(request)
    session = session_of(request)
    if session is not None and session.person is not None:
        return desk.pages.go(request, "day", day=desk.today().isoformat())
    return desk.pages.go(request, "sign_in" if desk.vaults.people.all() else "create")


async def show(request: web.Request) -> web.Response:
    """A day's page; while the vault is locked, its closed door and the writing field."""
    session, person = signed_in(request)
    day = read_day(request.match_info["day"])
    desk = desk_of(request)
    entries: list[Entry] | None = None
    draft = ""
    try:
        async with session.writing:
            journal = desk.vaults.journal(person.id)
            entries, draft = await journal.on_day(day), await journal.draft(day)
    except VaultLocked:
        entries = None
    return desk.pages.page(
        "day.html",
        {
            "draft": draft,
            "previous": day - timedelta(days=1) if day > date.min else None,
            "next": day + timedelta(days=1) if day < date.max else None,
            "observations": await _observations(desk, day),
            **_door(session, day, entries),
            **_standing(desk, day),
        },
    )


async def write(request: web.Request) -> web.Response:
    """Keep an entry: in the vault, or sealed into the inbox while the vault is locked."""
    desk = desk_of(request)
    fields = await fields_of(request)
    text, composition = fields.get("text", ""), fields.get("key", "")
    request[KEPT] = text
    day = read_day(request.match_info["day"])
    try:
        session, person = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    async with session.writing:
        if session.claim(composition):
            try:
                await _keep(desk, session, person, day, text)
            except Exception:
                session.release(composition)
                raise
    if not is_htmx(request):
        return desk.pages.go(request, "day", day=day.isoformat())
    return await entries_part(request, session, person, day, answer=True)


async def save_draft(request: web.Request) -> web.Response:
    """Keep what is being written. With ``leaving``, a locked vault's inbox takes it."""
    desk = desk_of(request)
    fields = await fields_of(request)
    text, composition = fields.get("text", ""), fields.get("key", "")
    day = read_day(request.match_info["day"])
    try:
        session, person = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    async with session.writing:
        if session.claimed(composition):
            # It became an entry while this was on its way.
            return web.Response(status=204)
        try:
            await desk.vaults.journal(person.id).save_draft(day, text)
        except VaultLocked:
            if "leaving" not in fields:
                return _part(request, 423, _door(session, day, None))
            if text.strip() and session.claim(composition):
                await desk.vaults.drop(person, text, day=day, source=None)
                session.sealed = True
    return web.Response(status=204)


async def house(request: web.Request) -> web.Response:
    """What the house noticed, asked again and again by an open page.

    A page that still shows a vault which has locked meanwhile is told to close, too.
    """
    desk = desk_of(request)
    day = read_day(request.match_info["day"])
    shown = request.query.get("vault")
    try:
        session, person = signed_in(request)
    except Unauthorized:
        return web.Response(status=204) if shown == "signed_out" else signed_out(request, day)
    if shown == "open" and not desk.vaults.is_unlocked(person.id):
        return _part(request, 423, _door(session, day, None))
    return desk.pages.page("parts/house.html", {"observations": await _observations(desk, day)})


async def entries_part(
    request: web.Request, session: Session, person: Person, day: date, *, answer: bool = False
) -> web.Response:
    """A day's entries as they are now; as an `answer`, with a fresh composition and its status."""
    desk = desk_of(request)
    try:
        entries = await desk.vaults.journal(person.id).on_day(day)
    except VaultLocked:
        entries = None
    values = {**_door(session, day, entries), **_standing(desk, day)}
    return desk.pages.page("parts/answer.html" if answer else "parts/entries.html", values)


def signed_out(request: web.Request, day: date) -> web.Response:
    """Put the door in place of the entries and leave the rest of the page, with its text, alone."""
    if not is_htmx(request):
        raise Unauthorized("Nobody is signed in here.", fix="Sign in.")
    return _part(request, 401, {"state": "signed_out", "person": None, "sealed": False, "day": day})


async def _keep(desk: Desk, session: Session, person: Person, day: date, text: str) -> None:
    try:
        await desk.vaults.journal(person.id).add(day, text)
    except VaultLocked:
        await desk.vaults.drop(person, text, day=day, source=None)
        session.sealed = True


def _door(session: Session, day: date, entries: list[Entry] | None) -> dict[str, object]:
    """What the entries' place shows: the entries, or why they are not there."""
    if entries is not None:
        session.sealed = False
    return {
        "state": "locked" if entries is None else "open",
        "entries": entries,
        "sealed": session.sealed,
        "person": session.person,
        "day": day,
        "composition": token_urlsafe(12),
    }


def _standing(desk: Desk, day: date) -> dict[str, object]:
    today = desk.today()
    return {
        "today": today,
        "when": "today" if day == today else "past" if day < today else "future",
    }


def _part(request: web.Request, status: int, values: dict[str, object]) -> web.Response:
    return desk_of(request).pages.page(
        "parts/entries.html",
        values,
        status=status,
        headers={"HX-Retarget": "#entries", "HX-Reswap": "innerHTML"},
    )


async def _observations(desk: Desk, day: date) -> list[Observation] | None:
    """What the house noticed today, newest first; None when the house book does not answer."""
    if day != desk.today():
        return []
    try:
        return (await desk.herd.today_observations())[::-1]
    except HerdbookError as error:
        # Writing must go on without the house.
        _LOGGER.warning("The day page shows no observations: %s", error)
        return None
