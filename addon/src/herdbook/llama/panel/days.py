"""The day page: a date's entries, the writing field, what the house noticed.

Text is lost nowhere: a draft goes into the vault while it is open; what is sent, or left behind,
while the vault is locked is sealed into the inbox.
"""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from aiohttp import web

from herdbook.errors import EntryUnknown, Unauthorized, VaultLocked
from herdbook.journal.attached import Attached
from herdbook.journal.draft import Saving
from herdbook.journal.entry import Entry, clean_text, read_day
from herdbook.journal.file import SIZE_LIMIT
from herdbook.llama.opening import Opening
from herdbook.llama.panel.contents import Contents, contents_of
from herdbook.llama.panel.desk import (
    Desk,
    desk_of,
    fields_of,
    person_of,
    session_of,
    signed_in,
    user_id_of,
)
from herdbook.llama.panel.faults import KEPT
from herdbook.llama.panel.field import field_of, new_field, saving_of
from herdbook.llama.panel.noticed import mark_of, noticed_on
from herdbook.llama.panel.sessions import Session
from herdbook.llama.panel.upload import bring, form_of
from herdbook.web.rendering import is_htmx


async def home(request: web.Request) -> web.Response:
    """Go to today's page, or to the door."""
    desk = desk_of(request)
    session = session_of(request)
    if session is not None and session.opening is not None:
        return desk.pages.go(request, "day", day=desk.today().isoformat())
    known = desk.vaults.people.all() if user_id_of(request) is None else person_of(request)
    return desk.pages.go(request, "sign_in" if known else "create")


async def show(request: web.Request) -> web.Response:
    """A day's page; while the vault is locked, its closed door and the writing field.

    ``?draft=`` brings another unfinished text into the field, ``?change=`` an entry, ``?begin=``
    what such a weekday begins with.
    """
    session, opening = signed_in(request)
    day = read_day(request.match_info["day"])
    desk = desk_of(request)
    same_days: list[tuple[date, int]] = []
    begins = ""
    attached: list[Attached] = []
    noticed = await noticed_on(desk, day)
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            contents = await contents_of(journal, day)
            same_days = await journal.same_days(day)
            field = await field_of(
                journal, contents, request.query.get("draft", ""), request.query.get("change", "")
            )
            attached = await journal.files.of_field(field.composition, field.entry_id)
            if not (contents.entries or field.text or attached):
                begins = (await journal.weekdays())[day.weekday()]
        door = await _open_door(desk, session, opening, contents, field.composition)
    except VaultLocked:
        same_days, attached, field, begins = [], [], new_field(day), ""
        door = door_of(session, day, field.composition)
    if begins and "begin" in request.query:
        field, begins = replace(field, text=begins), ""
    return desk.pages.page(
        "day.html",
        {
            "field": field,
            "begins": bool(begins),
            "saving": field,
            "attached": attached,
            "largest": SIZE_LIMIT,
            "same_days": same_days,
            "previous": day - timedelta(days=1) if day > date.min else None,
            "next": day + timedelta(days=1) if day < date.max else None,
            **noticed,
            **door,
            **_standing(desk, day),
        },
    )


async def write(request: web.Request) -> web.Response:
    """Keep an entry, or the change of one: in the vault, or sealed while the vault is locked.

    A page without scripts sends its files along.
    """
    desk = desk_of(request)
    fields = await form_of(request, partial(bring, request))
    request[KEPT] = fields.get("text", "")
    day = read_day(request.match_info["day"])
    saving = saving_of(fields, day)
    to = read_day(fields["to"]) if fields.get("to") else day
    try:
        session, opening = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    async with session.writing:
        overtakes = await _overtakes(desk, opening, saving, fields.get("seen"))
        kept = await _keep(desk, session, opening, saving, to)
    if kept and overtakes:
        return desk.pages.go(request, "versions", entry=kept.id, tail="?said=changed_meanwhile")
    if not is_htmx(request) or (kept and saving.entry_id):
        tail = f"#entry-{kept.id}" if kept else ""
        return desk.pages.go(request, "day", day=to.isoformat(), tail=tail)
    answer = "parts/jotted.html" if "jot" in fields else "parts/answer.html"
    return await entries_part(request, session, opening, day, answer=answer)


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
    contents: Contents | None = None
    composition = request.query.get("key", "")
    try:
        if shown == "open":
            contents = await contents_of(desk.vaults.glance(opening), day)
        noticed = await noticed_on(desk, day)
        marks = {"entries_mark": _entries_mark(contents), "house_mark": noticed["house_mark"]}
        if all(request.query.get(name, "") == mark for name, mark in marks.items()):
            return web.Response(status=204)
        if contents is None:
            door = door_of(session, day, composition)
        else:
            door = await _open_door(desk, session, opening, contents, composition)
    except VaultLocked:
        return door_part(request, session, day)
    values = {**door, **_standing(desk, day), **noticed}
    return desk.pages.page("parts/news.html", values)


async def entries_part(
    request: web.Request,
    session: Session,
    opening: Opening,
    day: date,
    *,
    answer: str = "",
    tracing: str = "",
) -> web.Response:
    """A day's entries as they are now; an `answer`, such a template, has a fresh composition, too.

    `tracing` is the id of the entry whose traces are being changed.
    """
    desk = desk_of(request)
    field = new_field(day)
    # What stands in the page's field is not unfinished beside it.
    composition = field.composition if answer else (await fields_of(request)).get("key", "")
    try:
        contents = await contents_of(desk.vaults.journal(opening), day)
        door = await _open_door(desk, session, opening, contents, composition)
    except VaultLocked:
        door = door_of(session, day, composition)
    values = {**door, **_standing(desk, day), "tracing": tracing, "answer": bool(answer)}
    values |= {"field": field, "saving": field, "attached": []}
    return desk.pages.page(answer or "parts/entries.html", values)


def signed_out(request: web.Request, day: date) -> web.Response:
    """Put the door in place of the entries and leave the rest of the page, with its text, alone."""
    if not is_htmx(request):
        raise Unauthorized("Nobody is signed in here.", fix="Sign in.")
    person = person_of(request)
    values = {"person": person, "own": person is not None, "sealed": False, "day": day}
    return _part(request, 401, {"state": "signed_out", **values})


def door_part(request: web.Request, session: Session, day: date) -> web.Response:
    """Put the door of a locked vault in place of the entries."""
    return _part(request, 423, door_of(session, day, ""))


async def _overtakes(desk: Desk, opening: Opening, saving: Saving, seen: str | None) -> bool:
    """Whether a change takes the place of a text that its page has not `seen`."""
    if not saving.entry_id or seen is None:
        return False
    try:
        entry = await desk.vaults.journal(opening).entry(saving.entry_id)
    except (VaultLocked, EntryUnknown):
        return False  # told where the change itself is kept
    # With the same words at its beginning it may be this page's own, whose answer got lost.
    return seen != mark_of([entry.text]) and not saving.text.startswith(entry.text)


async def _keep(
    desk: Desk, session: Session, opening: Opening, saving: Saving, to: date
) -> Entry | None:
    """The new or changed entry; None when it was sealed, or kept before."""
    composition = saving.composition
    try:
        journal = desk.vaults.journal(opening)
        # With files it needs no words.
        text = clean_text(saving.text, may_be_empty=True)
        if saving.entry_id:
            return await journal.change(saving.entry_id, to, text, composition)
        return await journal.add(to, text, composition)
    except VaultLocked:
        # The words of a change are kept; to put them in place of others, one has to be at the door.
        if saving.entry_id:
            await desk.vaults.drop_draft(opening.person, saving)
        else:
            await desk.vaults.drop(
                opening.person, saving.text, day=to, source=None, composition=composition
            )
        session.sealed = True
        return None


def door_of(session: Session, day: date, composition: str) -> dict[str, object]:
    """What the entries' place shows of a locked vault.

    `composition` is what stands in the page's writing field.
    """
    return {
        "state": "locked",
        "shown": [],
        "unfinished": [],
        "waiting": {},
        "composition": composition,
        "tracing": "",
        "entries_mark": "",
        "sealed": session.sealed,
        "person": session.opening and session.opening.person,
        "own": session.user_id is not None,
        "day": day,
    }


async def _open_door(
    desk: Desk, session: Session, opening: Opening, contents: Contents, composition: str
) -> dict[str, object]:
    """`door_of`, with the entries in their place, to be sent without waiting for anything more.

    Raises `VaultLocked` if it has locked since they were read: long texts take a while.
    """
    shown = await contents.shown()
    desk.vaults.glance(opening)
    session.sealed = False
    return door_of(session, contents.day, composition) | {
        "state": "open",
        "shown": shown,
        "unfinished": contents.unfinished(composition),
        "waiting": contents.waiting,
        "entries_mark": _entries_mark(contents),
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


def _entries_mark(contents: Contents | None) -> str:
    return "" if contents is None else mark_of(contents.marks())
