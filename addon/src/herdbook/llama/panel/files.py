"""Photos and files: brought into the writing field, taken out of it, shown, described, handed out.

Addresses hold random ids alone. What is handed out can do nothing in a browser: only pictures that
were decoded when they came are shown, all else is downloaded, and neither runs as a page.
"""

import logging
from functools import partial
from typing import Final

from aiohttp import hdrs, web

from herdbook.errors import HerdbookError, Unauthorized, VaultLocked
from herdbook.journal.draft import Saving
from herdbook.journal.entry import read_day
from herdbook.journal.file import UNKNOWN, File
from herdbook.journal.files import Files
from herdbook.llama.panel.days import door_part, signed_out
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.field import saving_of
from herdbook.llama.panel.upload import bring, form_of
from herdbook.web.rendering import is_htmx

_CONTAINED: Final = {"Content-Security-Policy": "default-src 'none'; sandbox"}

_LOGGER = logging.getLogger(__name__)


async def add(request: web.Request) -> web.Response:
    """Take files into the writing field, and answer with what it has then."""
    day = read_day(request.match_info["day"])
    try:
        session, _ = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    try:
        fields = await form_of(request, partial(bring, request))
        return await _attached(request, saving_of(fields, day))
    except VaultLocked:
        return door_part(request, session, day)


async def listed(request: web.Request) -> web.Response:
    """What the writing field has, for a page that shows another composition than before."""
    day = read_day(request.match_info["day"])
    session, _ = signed_in(request, used=False)
    try:
        return await _attached(request, saving_of(dict(request.query), day))
    except VaultLocked:
        return door_part(request, session, day)


async def take_off(request: web.Request) -> web.Response:
    """Take a file out of the writing field."""
    saving = await _posted(request)
    session, _ = signed_in(request)
    async with session.writing:
        await _files(request).take_off(saving, request.match_info["file"])
    return await _field(request, saving)


async def put_back(request: web.Request) -> web.Response:
    """Take back that a file is to be taken off its entry."""
    saving = await _posted(request)
    session, _ = signed_in(request)
    async with session.writing:
        await _files(request).put_back(saving, request.match_info["file"])
    return await _field(request, saving)


async def show(request: web.Request) -> web.Response:
    """A picture on a page of its own, with what it shows and its neighbours in the entry.

    While the vault is locked, today's page with its door.
    """
    desk = desk_of(request)
    session, opening = signed_in(request)
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            file, entry_id = await journal.files.find(request.match_info["file"])
            entry = None if entry_id is None else await journal.entry(entry_id)
            files = (await journal.files.of_entries([entry_id or ""])).get(entry_id or "", [])
    except VaultLocked:
        return desk.pages.go(request, "home")
    pictures = [one for one in files if one.is_picture]
    at = next((number for number, one in enumerate(pictures) if one.id == file.id), None)
    if not file.is_picture:
        raise web.HTTPNotFound
    values = {
        "file": file,
        "entry": entry,
        "person": opening.person,
        "before": pictures[at - 1] if at else None,
        "after": pictures[at + 1] if at is not None and at + 1 < len(pictures) else None,
    }
    return desk.pages.page("picture.html", values)


async def describe(request: web.Request) -> web.Response:
    """Keep what a picture shows, in words."""
    file_id = request.match_info["file"]
    session, _ = signed_in(request)
    async with session.writing:
        said = (await fields_of(request)).get("description", "")
        await _files(request).describe(file_id, said)
    return desk_of(request).pages.go(request, "picture", file=file_id)


async def thumbnail(request: web.Request) -> web.Response:
    """A picture's thumbnail. To look at it is no use of the vault: its page was."""
    journal = desk_of(request).vaults.glance(signed_in(request, used=False)[1])
    body = await journal.files.thumbnail(request.match_info["file"])
    return web.Response(body=body, content_type="image/webp", headers=_CONTAINED)


async def hand_out(request: web.Request) -> web.StreamResponse:
    """A file as it is kept, or the stretch of it that is asked for; ``?save`` has it downloaded."""
    files = _files(request)
    file, _ = await files.find(request.match_info["file"])
    shown = file.is_picture and "save" not in request.query
    response = web.StreamResponse(
        headers={
            **_CONTAINED,
            hdrs.ACCEPT_RANGES: "bytes",
            hdrs.CONTENT_TYPE: file.kind if file.is_picture else UNKNOWN,
            # Without its name, which the page's link says: aiohttp keeps the last answer's head in
            # memory, beyond the lock.
            hdrs.CONTENT_DISPOSITION: "inline" if shown else "attachment",
        }
    )
    # A connection has one request (see `herdbook.web.listener`), which is to be said beforehand.
    response.force_close()
    start, stop = _stretch(request, response, file)
    try:
        async with files.in_hand():
            await response.prepare(request)
            async for piece in files.pieces(file, start, stop):
                await response.write(piece)
            await response.write_eof()
    except HerdbookError as error:
        if not response.prepared:
            raise
        # It has begun: all that can be said now is that this is not all of it.
        _LOGGER.warning("A file was not handed out to its end: %s", type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


def _stretch(request: web.Request, response: web.StreamResponse, file: File) -> tuple[int, int]:
    """From which byte to which, said in the answer's head. Raises 416."""
    start, stop = 0, file.size
    if hdrs.RANGE in request.headers:
        try:
            asked = request.http_range
        except ValueError:
            asked = slice(file.size, None, 1)
        start, stop, _ = asked.indices(file.size)
        if start >= stop:
            raise web.HTTPRequestRangeNotSatisfiable(
                headers={hdrs.CONTENT_RANGE: f"bytes */{file.size}"}
            )
        response.set_status(206)
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{file.size}"
    response.content_length = stop - start
    return start, stop


async def _posted(request: web.Request) -> Saving:
    return saving_of(await fields_of(request), read_day(request.match_info["day"]))


async def _field(request: web.Request, saving: Saving) -> web.Response:
    """The writing field's files for a page that asked by htmx, else its page."""
    if is_htmx(request):
        return await _attached(request, saving)
    pages = desk_of(request).pages
    wanted = f"?change={saving.entry_id}" if saving.entry_id else f"?draft={saving.composition}"
    return pages.go(request, "day", day=saving.day.isoformat(), tail=wanted)


async def _attached(request: web.Request, saving: Saving) -> web.Response:
    journal = desk_of(request).vaults.glance(signed_in(request, used=False)[1])
    attached = await journal.files.of_field(saving.composition, saving.entry_id)
    values = {"attached": attached, "saving": saving, "day": saving.day}
    return desk_of(request).pages.page("parts/attached.html", values)


def _files(request: web.Request) -> Files:
    return desk_of(request).vaults.journal(signed_in(request)[1]).files
