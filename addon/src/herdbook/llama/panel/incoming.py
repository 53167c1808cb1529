"""Bringing files in, sealed as they come: no copy lands in a temporary folder.

A file is read, shown as what it would add, and brought in once that was agreed to.
"""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, web

from herdbook.errors import HerdbookError, InputError, VaultLocked, WrongSecret
from herdbook.journal.exchange.incoming import samples, span
from herdbook.journal.exchange.reading import FILE_LIMIT
from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.llama.panel.faults import status_of, words_of
from herdbook.llama.people import Person
from herdbook.llama.waiting import Sealed
from herdbook.web.guard import MULTIPART
from herdbook.web.rendering import is_htmx

_PIECE: Final = 64 * 1024
_SHOWN: Final = 50
"""Doubts, and names of files, on the page."""
_LOOK_S: Final = 5.0
_WAIT_S: Final = 1.0
"""How long an answer waits for the end: most files need less."""


async def show(request: web.Request) -> web.Response:
    """The page. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    work = desk.imports.work(opening.person.id)
    if work is not None and not work.finished:
        return desk.pages.go(request, "exchange_progress")
    try:
        return await _page(desk, opening)
    except VaultLocked:
        return desk.pages.go(request, "home")


async def upload(request: web.Request) -> web.Response:
    """Look into the file that was chosen, and go on to what it would add."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    try:
        await desk.imports.prepare(opening, _file_of(request))
    except InputError as error:
        return await _page(desk, opening, error)
    await desk.imports.wait(opening.person.id, _LOOK_S)
    work = desk.imports.work(opening.person.id)
    if work is not None and not work.finished:
        return desk.pages.go(request, "exchange_progress")
    failed = work.error if work is not None else None
    if isinstance(failed, InputError):
        return await _page(desk, opening, failed)
    desk.imports.forget_work(opening.person.id)
    if failed is not None:
        raise failed
    return desk.pages.go(request, "preview")


async def preview(request: web.Request) -> web.Response:
    """What the file that waits would add, and what of it is doubtful."""
    desk = desk_of(request)
    person = _reader(request)
    prepared = desk.imports.prepared(person.id) if person else None
    if prepared is None:
        return desk.pages.go(request, "exchange")
    if isinstance(prepared, Sealed):
        return desk.pages.page("unseal.html", {"wrong": None, "name": ""})
    incoming = prepared.incoming
    new = incoming.without(prepared.known.here)
    return desk.pages.page(
        "preview.html",
        {
            "kind": incoming.kind,
            "count": len(incoming.entries),
            "new": len(new),
            "here": len(incoming.entries) - len(new),
            "known": prepared.known,
            "days": span(new or incoming.entries),
            "samples": samples(new),
            "left_out": incoming.left_out,
            "refused": incoming.refused,
            "files": incoming.files[:_SHOWN],
            "passed_over": incoming.passed_over,
            "doubts": incoming.doubts[:_SHOWN],
            "more_doubts": max(0, incoming.doubted - _SHOWN),
        },
    )


async def unseal(request: web.Request) -> web.Response:
    """Open the file that waits with its own name and secret, and go on to what it would add."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    fields = await fields_of(request)
    name = fields.get("name", "")
    try:
        await desk.imports.unseal(opening, name, fields.get("secret", ""))
    except WrongSecret as error:
        values = {"wrong": (error.message, error.fix), "name": name}
        return desk.pages.page("unseal.html", values, status=status_of(error))
    except InputError as error:
        return await _page(desk, opening, error)
    return desk.pages.go(request, "preview")


async def bring_in(request: web.Request) -> web.Response:
    """Bring in the file that waits."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    desk.imports.begin(opening)
    return await _soon(request, desk, opening.person)


async def discard(request: web.Request) -> web.Response:
    """Let go of the file that waits."""
    desk = desk_of(request)
    desk.imports.discard(signed_in(request)[1].person.id)
    return desk.pages.go(request, "exchange")


async def undo(request: web.Request) -> web.Response:
    """Take the entries of a file out again."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    await desk.imports.undo(opening, request.match_info["id"])
    return await _soon(request, desk, opening.person)


async def progress(request: web.Request) -> web.Response:
    """How far it is; an open page asks again and again, and so the vault is in use."""
    desk = desk_of(request)
    opening = signed_in(request)[1]
    if desk.vaults.admits(opening):
        desk.vaults.journal(opening)
    work = desk.imports.work(opening.person.id)
    if work is None or work.finished:
        is_seen = work is not None and work.kind == "look" and work.error is None
        return desk.pages.go(request, "preview" if is_seen else "exchange")
    values = {"percent": work.percent(), "kind": work.kind}
    template = "parts/progress.html" if is_htmx(request) else "exchange_progress.html"
    return desk.pages.page(template, values)


async def _page(desk: Desk, opening: Opening, wrong: HerdbookError | None = None) -> web.Response:
    """The page, with what has just been done or, at the file's field, what was wrong with it."""
    imports = await desk.vaults.journal(opening).exchange.imports()
    work = desk.imports.work(opening.person.id)
    desk.imports.forget_work(opening.person.id)
    status = status_of(wrong) if wrong else 200
    if work is not None and work.kind == "look":
        wrong, work = wrong or work.error, None
    stopped = work.error if work else None
    return desk.pages.page(
        "exchange.html",
        {
            "work": work,
            "stopped": words_of(desk.pages, stopped) if stopped else None,
            "wrong": words_of(desk.pages, wrong) if wrong else None,
            "waiting": desk.imports.prepared(opening.person.id) is not None,
            "imports": imports,
            "limit": FILE_LIMIT // 1024**3,
        },
        status=status,
    )


async def _file_of(request: web.Request) -> AsyncIterator[bytes]:
    """The file in a form, piece by piece as it comes; aiohttp's own way would write it to disk."""
    if request.content_type != MULTIPART:
        raise _not_whole()
    try:
        form = await request.multipart()
        async for part in form:
            if isinstance(part, BodyPartReader) and part.name == "file":
                while piece := await part.read_chunk(_PIECE):
                    yield piece
                return
    except ValueError as error:
        raise _not_whole() from error


def _not_whole() -> InputError:
    return InputError("The form did not come whole.", fix="Send it again.")


async def _soon(request: web.Request, desk: Desk, person: Person) -> web.Response:
    await desk.imports.wait(person.id, _WAIT_S)
    return desk.pages.go(request, "exchange")


def _reader(request: web.Request) -> Person | None:
    """Whoever is signed in, if their vault is open here."""
    opening = signed_in(request)[1]
    try:
        desk_of(request).vaults.journal(opening)
    except VaultLocked:
        return None
    return opening.person
