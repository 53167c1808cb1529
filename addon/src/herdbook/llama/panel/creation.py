"""Making a vault, in three steps: name and password, the recovery code, the code typed back.

Each step can be reloaded or gone back to. The code stands on its own page only, and only until the
vault is made; nothing is on disk before.
"""

from typing import Final

from aiohttp import web

from herdbook.errors import InputError, RecoveryCodeInvalid, WrongSecret
from herdbook.llama.creations import Creation
from herdbook.llama.panel.desk import (
    begin_session,
    desk_of,
    fields_of,
    person_of,
    session_of,
    unlocked_here,
    user_id_of,
    user_of,
)
from herdbook.llama.panel.faults import status_of, words_of
from herdbook.llama.panel.sessions import Session
from herdbook.web.strings import Strings

_FORM_AGAIN: Final = {"HX-Retarget": "#form", "HX-Reselect": "#form", "HX-Reswap": "outerHTML"}
"""Has htmx take the form out of the page and put it in place of the one that was sent: what failed
is then no page of its own, and “back” asks nobody to send it again."""


async def show_create(request: web.Request) -> web.Response:
    """What a vault is, and the form for a new one."""
    pages = desk_of(request).pages
    if unlocked_here(request) or person_of(request):
        return pages.go(request, "home")
    user = user_of(request)
    pending = _pending(request) is not None
    values = {
        "name": user.name if user else "",
        "message": "",
        "fix": "",
        "wrong": "",
        "pending": pending,
        "unowned": bool(desk_of(request).vaults.unowned),
    }
    return pages.page("create.html", values)


async def create(request: web.Request) -> web.Response:
    """Draw the new vault's keys and go on to its recovery code."""
    desk = desk_of(request)
    fields = await fields_of(request)
    name, password = fields.get("name", ""), fields.get("password", "")
    strings = desk.pages.strings
    wrong = "name"
    try:
        desk.vaults.people.check_free(name)
        wrong = "password"
        if password != fields.get("again", ""):
            raise InputError(strings("create.mismatch"), fix=strings("create.mismatch_fix"))
        creation = await desk.vaults.creations.begin(name, password)
    except InputError as error:
        message, fix = words_of(desk.pages, error)
        values = {
            "name": name,
            "message": message,
            "fix": fix,
            "wrong": wrong,
            "pending": False,
            "unowned": False,
        }
        return desk.pages.page("create.html", values, status=status_of(error), headers=_FORM_AGAIN)
    response = desk.pages.go(request, "code")
    begin_session(request, response, Session(creation=creation.token))
    return response


async def show_code(request: web.Request) -> web.Response:
    """The recovery code, for as long as the vault is being made."""
    pages = desk_of(request).pages
    creation = _pending(request)
    if creation is None:
        return pages.go(request, "create")
    return pages.page("code.html", {"groups": creation.recovery_code.split("-")})


async def show_confirm(request: web.Request) -> web.Response:
    """Where the recovery code is typed back."""
    pages = desk_of(request).pages
    if _pending(request) is None:
        return pages.go(request, "create")
    return pages.page("confirm.html", {"typed": "", "message": "", "fix": ""})


async def confirm(request: web.Request) -> web.Response:
    """Make the vault, if the code was typed right, and open its first page."""
    desk = desk_of(request)
    typed = (await fields_of(request)).get("code", "")
    creation = _pending(request)
    if creation is None:
        return desk.pages.go(request, "create")
    try:
        opening = await desk.vaults.finish_creation(creation.token, typed, user_id_of(request))
    except (RecoveryCodeInvalid, WrongSecret):
        message, fix = _mistake(desk.pages.strings, typed, creation.recovery_code)
    except InputError as error:
        message, fix = words_of(desk.pages, error)
    else:
        response = desk.pages.go(request, "home")
        begin_session(request, response, Session(opening))
        return response
    values = {"typed": typed, "message": message, "fix": fix}
    return desk.pages.page("confirm.html", values, status=422, headers=_FORM_AGAIN)


def _mistake(strings: Strings, typed: str, code: str) -> tuple[str, str]:
    """What is wrong with a typed code, and what to do: first whether it is all there."""
    length = sum(map(str.isalnum, code))
    missing = length - sum(map(str.isalnum, typed))
    if missing > 0:
        said = (
            strings("confirm.missing_one", length=length)
            if missing == 1
            else strings("confirm.missing", count=missing, length=length)
        )
        return said, strings("confirm.missing_fix")
    if missing < 0:
        return strings("confirm.extra", count=-missing, length=length), strings("confirm.wrong_fix")
    return strings("confirm.wrong"), strings("confirm.wrong_fix")


def _pending(request: web.Request) -> Creation | None:
    """The vault that this browser is making, if it has not expired."""
    session = session_of(request)
    if session is None or session.creation is None:
        return None
    try:
        return desk_of(request).vaults.creations.find(session.creation)
    except InputError:
        session.creation = None
        return None
