"""The day page: a date's entries, the writing field, what the house noticed.

Text is lost nowhere: a draft goes into the vault while it is open; what is sent, or left behind,
while the vault is locked is sealed into the inbox.
"""

import logging
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import blake2b
from secrets import token_urlsafe

from aiohttp import web

from herdbook.errors import HerdbookError, InputError, TextTooLong, Unauthorized, VaultLocked
from herdbook.house.observation import Observation
from herdbook.journal.entry import TEXT_LIMIT, Entry, clean_text, read_day
from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, session_of, signed_in
from herdbook.llama.panel.faults import KEPT
from herdbook.llama.panel.pages import is_htmx
from herdbook.llama.panel.sessions import Session

_LOGGER = logging.getLogger(__name__)


async def home(request: web.Request) -> web.Response:
    """Go to today's page, or to the door."""
    desk = desk_of(request)
    session = session_of(request)
    if session is not None and session.opening is not None:
        return desk.pages.go(request, "day", day=desk.today().isoformat())
    return desk.pages.go(request, "sign_in" if desk.vaults.people.all() else "create")


async def show(request: web.Request) -> web.Response:
    """A day's page; while the vault is locked, its closed door and the writing field."""
    session, opening = signed_in(request)
    day = read_day(request.match_info["day"])
    desk = desk_of(request)
    entries: list[Entry] | None = None
    draft = ""
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            entries, draft = await journal.on_day(day), await journal.draft(day)
    except VaultLocked:
        entries = None
    return desk.pages.page(
        "day.html",
        {
            "draft": draft,
            "previous": day - timedelta(days=1) if day > date.min else None,
            "next": day + timedelta(days=1) if day < date.max else None,
            **await _noticed(desk, day),
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
        session, opening = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    kept = None
    async with session.writing:
        if session.claim(composition):
            try:
                kept = await _keep(desk, session, opening, day, text)
            except Exception:
                session.release(composition)
                raise
    if not is_htmx(request):
        response = desk.pages.go(request, "day", day=day.isoformat())
        if kept is not None:
            response.headers["Location"] += f"#entry-{kept.id}"
        return response
    return await entries_part(request, session, opening, day, answer=True)


async def show_draft(request: web.Request) -> web.Response:
    """What is being written, as it is: for a page that may have overtaken the last one's draft.

    Raises `Unauthorized`, `VaultLocked`.
    """
    session, opening = signed_in(request, used=False)
    day = read_day(request.match_info["day"])
    async with session.writing:
        draft = await desk_of(request).vaults.glance(opening).draft(day)
    return web.Response(text=draft)


async def save_draft(request: web.Request) -> web.Response:
    """Keep what is being written. With ``leaving``, a locked vault's inbox takes it.

    A draft may be longer than an entry; the answer then says so, while there is time to split it.
    """
    desk = desk_of(request)
    fields = await fields_of(request)
    text, composition = fields.get("text", ""), fields.get("key", "")
    day = read_day(request.match_info["day"])
    try:
        session, opening = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    async with session.writing:
        if session.claimed(composition):
            # It became an entry while this was on its way.
            return web.Response(status=204)
        try:
            await desk.vaults.journal(opening).save_draft(day, text)
            if _too_long(text):
                return _too_long_notice(desk)
        except VaultLocked:
            if "leaving" not in fields:
                return _part(request, 423, _door(session, day, None))
            if text.strip() and session.claim(composition):
                await desk.vaults.drop(opening.person, text, day=day, source=None)
                session.sealed = True
    return web.Response(status=204)


async def house(request: web.Request) -> web.Response:
    """What is new: entries, and what the house noticed. An open page asks again and again.

    It says what it shows; when that is all there is, the answer is empty. A page that still shows
    a vault which has locked meanwhile is told to close. Asking is not use.
    """
    desk = desk_of(request)
    day = read_day(request.match_info["day"])
    shown = request.query.get("vault")
    try:
        session, opening = signed_in(request, used=False)
    except Unauthorized:
        return web.Response(status=204) if shown == "signed_out" else signed_out(request, day)
    entries: list[Entry] | None = None
    if shown == "open":
        try:
            entries = await desk.vaults.glance(opening).on_day(day)
        except VaultLocked:
            return _part(request, 423, _door(session, day, None))
    values = {**_door(session, day, entries), **_standing(desk, day), **await _noticed(desk, day)}
    if all(request.query.get(mark, "") == values[mark] for mark in ("entries_mark", "house_mark")):
        return web.Response(status=204)
    return desk.pages.page("parts/news.html", values)


async def entries_part(
    request: web.Request, session: Session, opening: Opening, day: date, *, answer: bool = False
) -> web.Response:
    """A day's entries as they are now; as an `answer`, with a fresh composition and its status."""
    desk = desk_of(request)
    try:
        entries = await desk.vaults.journal(opening).on_day(day)
    except VaultLocked:
        entries = None
    values = {**_door(session, day, entries), **_standing(desk, day)}
    return desk.pages.page("parts/answer.html" if answer else "parts/entries.html", values)


def signed_out(request: web.Request, day: date) -> web.Response:
    """Put the door in place of the entries and leave the rest of the page, with its text, alone."""
    if not is_htmx(request):
        raise Unauthorized("Nobody is signed in here.", fix="Sign in.")
    return _part(request, 401, {"state": "signed_out", "person": None, "sealed": False, "day": day})


async def _keep(
    desk: Desk, session: Session, opening: Opening, day: date, text: str
) -> Entry | None:
    """The new entry; None when it was sealed."""
    try:
        return await desk.vaults.journal(opening).add(day, text)
    except VaultLocked:
        await desk.vaults.drop(opening.person, text, day=day, source=None)
        session.sealed = True
        return None


def _too_long(text: str) -> bool:
    try:
        clean_text(text)
    except TextTooLong:
        return True
    except InputError:
        # Nothing to send yet.
        return False
    return False


def _too_long_notice(desk: Desk) -> web.Response:
    strings = desk.pages.strings
    return desk.pages.page(
        "parts/notice.html",
        {
            "message": strings("day.too_long", limit=f"{TEXT_LIMIT:,}"),
            "fix": strings("day.too_long_fix"),
        },
        headers={"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"},
    )


def _door(session: Session, day: date, entries: list[Entry] | None) -> dict[str, object]:
    """What the entries' place shows: the entries, or why they are not there."""
    if entries is not None:
        session.sealed = False
    return {
        "state": "locked" if entries is None else "open",
        "entries": entries,
        "entries_mark": "" if entries is None else _mark(entry.id for entry in entries),
        "sealed": session.sealed,
        "person": session.opening and session.opening.person,
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


async def _noticed(desk: Desk, day: date) -> dict[str, object]:
    """What the house noticed today, newest first; None when the house book does not answer."""
    observations: list[Observation] | None = []
    if day == desk.today():
        try:
            observations = (await desk.herd.today_observations())[::-1]
        except HerdbookError as error:
            # Writing must go on without the house.
            _LOGGER.warning("The day page shows no observations: %s", error)
            observations = None
    mark = "none" if observations is None else _mark(one.id for one in observations)
    return {"observations": observations, "house_mark": mark}


def _mark(ids: Iterable[str]) -> str:
    """By which a page says what it shows; it tells nothing to anybody else."""
    return blake2b(" ".join(ids).encode(), digest_size=8).hexdigest()
