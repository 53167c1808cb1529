"""The keys page: another password, another recovery code, another key, and locking everywhere.

A new code stands on its own page until it has been typed back; nothing changes before.
"""

from typing import Final

from aiohttp import web

from herdbook.errors import (
    HerdbookError,
    InputError,
    RecoveryCodeInvalid,
    VaultError,
    WrongSecret,
)
from herdbook.llama.keys import Change, Kind
from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk, desk_of, end_session, fields_of, signed_in
from herdbook.llama.panel.faults import headers_of, status_of, words_of
from herdbook.llama.panel.sessions import Session
from herdbook.llama.people import Person
from herdbook.web.rendering import is_htmx

_WAIT_S: Final = 1.0
"""How long the answer to a rotation waits for its end: most vaults need less."""


async def show(request: web.Request) -> web.Response:
    """What can be done, and what has just been done."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    rotation = desk.keys.rotation(person.id)
    if rotation is not None:
        if not rotation.finished:
            return desk.pages.go(request, "keys_progress")
        desk.keys.forget_rotation(person.id)
        if rotation.error is not None:
            return _refused(desk, person, "rotation", rotation.error, begun=True)
        session.told = "rotation"
    told, session.told = session.told, ""
    return _page(desk, person, told=told)


async def change_password(request: web.Request) -> web.Response:
    """Change the password and end every other session of the person."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    fields = await fields_of(request)
    password = fields.get("password", "")
    strings = desk.pages.strings
    try:
        if password != fields.get("again", ""):
            raise InputError(strings("create.mismatch"), fix=strings("create.mismatch_fix"))
        await desk.keys.change_password(person, fields.get("secret", ""), password)
    except (InputError, VaultError) as error:
        return _refused(desk, person, "password", error)
    _end_others(desk, session, opening)
    session.told = "password"
    return desk.pages.go(request, "keys")


async def new_code(request: web.Request) -> web.Response:
    """Draw a new recovery code and go on to its page."""
    return await _begin(request, "code")


async def new_key(request: web.Request) -> web.Response:
    """Draw a new key and its recovery code, and go on to the code's page."""
    return await _begin(request, "rotation")


async def show_code(request: web.Request) -> web.Response:
    """The new recovery code, for as long as it waits to be typed back."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    change = _waiting(desk, session, person)
    if change is None:
        return desk.pages.go(request, "keys")
    values = {"kind": change.kind, "groups": change.draft.recovery_code.split("-")}
    return desk.pages.page("keys_code.html", values)


async def show_confirm(request: web.Request) -> web.Response:
    """Where the new recovery code is typed back."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    change = _waiting(desk, session, person)
    if change is None:
        return desk.pages.go(request, "keys")
    values = {"kind": change.kind, "typed": "", "message": "", "fix": ""}
    return desk.pages.page("keys_confirm.html", values)


async def confirm(request: web.Request) -> web.Response:
    """Let the change take effect, if its code was typed right."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    person = opening.person
    typed = (await fields_of(request)).get("code", "")
    change = _waiting(desk, session, person)
    if change is None or session.change is None:
        return desk.pages.go(request, "keys")
    try:
        await desk.keys.finish(session.change, typed)
    except (RecoveryCodeInvalid, WrongSecret):
        strings = desk.pages.strings
        values = {
            "kind": change.kind,
            "typed": typed,
            "message": strings("keys.code_wrong"),
            "fix": strings("confirm.wrong_fix"),
        }
        return desk.pages.page("keys_confirm.html", values, status=422)
    except (InputError, VaultError) as error:
        return _refused(desk, person, change.kind, error)
    session.change = None
    if change.kind == "code":
        session.told = "code"
    else:
        _end_others(desk, session, opening)
        await desk.keys.wait(person.id, _WAIT_S)
    return desk.pages.go(request, "keys")


async def show_progress(request: web.Request) -> web.Response:
    """How far a rotation is; an open page asks again and again."""
    desk = desk_of(request)
    person = signed_in(request)[1].person
    rotation = desk.keys.rotation(person.id)
    if rotation is None or rotation.finished:
        return desk.pages.go(request, "keys")
    values = {"percent": 100 * rotation.done // max(rotation.total, 1)}
    template = "parts/progress.html" if is_htmx(request) else "keys_progress.html"
    return desk.pages.page(template, values)


async def lock_everywhere(request: web.Request) -> web.Response:
    """Lock the vault, end every session of the person, and let go of what waits."""
    desk = desk_of(request)
    person = signed_in(request)[1].person
    await desk.vaults.lock(person.id)
    response = desk.pages.go(request, "locked")
    end_session(request, response)
    desk.sessions.end_others(person.id)
    return response


async def _begin(request: web.Request, kind: Kind) -> web.Response:
    desk = desk_of(request)
    session, opening = signed_in(request)
    secret = (await fields_of(request)).get("secret", "")
    try:
        session.change = await desk.keys.begin(opening.person, kind, secret)
    except (InputError, VaultError) as error:
        return _refused(desk, opening.person, kind, error)
    return desk.pages.go(request, "keys_code")


def _end_others(desk: Desk, session: Session, opening: Opening) -> None:
    """Leave a person this session alone.

    Of a sign-in that is still absorbing an inbox there is no session yet, but an opening.
    """
    desk.vaults.end_others(session.opening or opening)
    desk.sessions.end_others(opening.person.id, session)


def _waiting(desk: Desk, session: Session, person: Person) -> Change | None:
    """The change that this browser has begun, if it has not expired."""
    if session.change is None:
        return None
    try:
        change = desk.keys.waiting(session.change)
    except InputError:
        session.change = None
        session.told = "expired"
        return None
    return change if change.person == person else None


def _refused(
    desk: Desk, person: Person, section: str, error: HerdbookError, *, begun: bool = False
) -> web.Response:
    """The page again, with what was wrong at its place; `begun` when it failed half way."""
    message, fix = words_of(desk.pages, error)
    if isinstance(error, WrongSecret):
        strings = desk.pages.strings
        message = strings("keys.wrong")
        fix = strings("keys.wrong_fix") if section == "password" else strings("keys.wrong_code_fix")
    if begun:
        fix = f"{fix} {desk.pages.strings('keys.rotation_failed')}"
    return _page(
        desk,
        person,
        section=section,
        message=message,
        fix=fix,
        status=status_of(error),
        headers=headers_of(error),
    )


def _page(
    desk: Desk,
    person: Person,
    *,
    told: str = "",
    section: str = "",
    message: str = "",
    fix: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> web.Response:
    values = {
        "person": person,
        "told": told,
        "section": section,
        "message": message,
        "fix": fix,
    }
    return desk.pages.page("keys.html", values, status=status, headers=headers)
