"""The door: signing in, which is unlocking, and locking. No secret ever stands in an address."""

from datetime import date

from aiohttp import web

from herdbook.errors import TooManyAttempts, VaultLocked, WrongSecret
from herdbook.journal.entry import read_day
from herdbook.llama.opening import Opening
from herdbook.llama.panel.days import entries_part
from herdbook.llama.panel.desk import (
    begin_session,
    desk_for,
    desk_of,
    fields_of,
    person_of,
    session_of,
    signed_in,
    unlocked_here,
    user_id_of,
)
from herdbook.llama.panel.faults import KEPT, headers_of, status_of, words_of
from herdbook.llama.panel.field import saving_of
from herdbook.llama.panel.sessions import Session
from herdbook.web.rendering import is_htmx


async def show_sign_in(request: web.Request) -> web.Response:
    """The page to sign in on, also the one after locking."""
    pages = desk_of(request).pages
    if unlocked_here(request):
        return pages.go(request, "home")
    session = session_of(request)
    person = person_of(request)
    name = person.name if person else session.name if session else ""
    locked = request.path.endswith("/locked")
    return pages.page(
        "sign_in.html",
        {"name": name, "own": person is not None, "day": None, "wrong": False, "locked": locked},
    )


async def sign_in(request: web.Request) -> web.Response:
    """Unlock a vault by name and password or recovery code, and give the browser a new session.

    From the closed door of a day page (`day`, by htmx) what stands in the writing field comes along
    and becomes the draft, so that opening the door loses nothing.
    """
    desk = desk_of(request)
    fields = await fields_of(request)
    text = fields.get("text", "")
    request[KEPT] = text
    day = read_day(fields["day"]) if fields.get("day") else None
    try:
        opening = await desk.vaults.unlock(
            fields.get("name", ""), fields.get("secret", ""), user_id_of(request)
        )
    except (WrongSecret, TooManyAttempts) as error:
        return _refused(request, error, fields.get("name", ""), day)
    session = _session_for(session_of(request), opening)
    desk = desk_for(request, session)
    if day is None:
        response = desk.pages.go(request, "home")
    elif is_htmx(request) and text:
        await desk.vaults.journal(opening).save_draft(saving_of(fields, day))
        response = await entries_part(request, session, opening, day)
    else:
        response = desk.pages.go(request, "day", day=day.isoformat())
    desk.vaults.glance(opening)  # meanwhile it may have ended, as by another password: no session
    begin_session(request, response, session)
    return response


def _session_for(session: Session | None, opening: Opening) -> Session:
    """The browser's own session if it is the same person's: what it knows of its page stays."""
    if session is None or session.opening is None or session.opening.person != opening.person:
        return Session(opening)
    session.opening = opening
    return session


def _refused(
    request: web.Request, error: WrongSecret | TooManyAttempts, name: str, day: date | None
) -> web.Response:
    """The door again, or on a day page a notice at it."""
    pages = desk_of(request).pages
    message, fix = (
        words_of(pages, error)
        if isinstance(error, TooManyAttempts)
        else (pages.strings("sign_in.wrong"), pages.strings("sign_in.wrong_fix"))
    )
    values = {"message": message, "fix": fix}
    headers = headers_of(error)
    if is_htmx(request):
        headers |= {"HX-Retarget": "#door-notice", "HX-Reswap": "innerHTML"}
        return pages.page("parts/wrong.html", values, status=status_of(error), headers=headers)
    return pages.page(
        "sign_in.html",
        {
            **values,
            "name": name,
            "own": person_of(request) is not None,
            "day": day,
            "wrong": True,
            "locked": False,
        },
        status=status_of(error),
        headers=headers,
    )


async def lock(request: web.Request) -> web.Response:
    """Keep the page's draft, lock the vault, and end the session.

    The one that takes its place is signed in to nothing: it only knows whose name to fill in and
    what pages look like to them, so that neither the browser nor the address needs to.
    """
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    fields = await fields_of(request)
    text = fields.get("text", "")
    request[KEPT] = text
    if text.strip() and "day" in fields:
        saving = saving_of(fields, read_day(fields["day"]))
        try:
            await desk.vaults.journal(opening).save_draft(saving)
        except VaultLocked:
            await desk.vaults.drop_draft(person, saving)
    await desk.vaults.lock(person.id)
    response = desk.pages.go(request, "locked")
    begin_session(request, response, Session(name=person.name, settings=session.settings))
    return response
