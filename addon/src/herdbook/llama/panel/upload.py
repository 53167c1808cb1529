"""Forms with files in them, read as they come.

Nothing of them is ever in a temporary file, as it would be if aiohttp took them apart: each part is
handed on while it arrives.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from herdbook.errors import InputError
from herdbook.journal.entry import read_day
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.faults import KEPT
from herdbook.llama.panel.field import saving_of
from herdbook.web.guard import MULTIPART

_PARTS: Final = 64
_TEXT_LIMIT: Final = 1024**2
"""Bytes of all fields that are no files."""
_CHUNK: Final = 64 * 1024
_PATIENCE_S: Final = 60
"""Without a byte, after which a browser is given up."""

type OnFile = Callable[[dict[str, str], str, AsyncIterator[bytes]], Awaitable[None]]
"""Takes the fields that came before the file, its name as the browser says it, and its bytes."""


async def form_of(request: web.Request, on_file: OnFile) -> dict[str, str]:
    """The fields of a posted form, once every file in it was handed to `on_file`.

    Raises `InputError` for what is no form, 413 for too much text, 408 when nothing comes any more,
    and what `on_file` raises.
    """
    if request.content_type != MULTIPART:
        return await fields_of(request)
    fields: dict[str, str] = {}
    room = _TEXT_LIMIT
    try:
        reader = await request.multipart()
        for _ in range(_PARTS):
            part = await _in_time(reader.next())
            if part is None:
                return fields
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise _unreadable()
            if part.filename is None:
                text = await _text(part, room)
                room -= len(text)
                fields[part.name] = text.decode()
            else:
                await _hand_on(part, fields, on_file)
    except (BadHttpMessage, UnicodeDecodeError, ValueError) as error:
        raise _unreadable() from error
    raise _unreadable()


async def bring(
    request: web.Request, fields: dict[str, str], name: str, chunks: AsyncIterator[bytes]
) -> None:
    """Take one file of a form into the writing field that the form is of.

    Where the form sends the text as well, that is kept first: should a file be refused, it is a
    draft with those that were not.
    """
    desk = desk_of(request)
    opening = signed_in(request)[1]
    saving = saving_of(fields, read_day(request.match_info["day"]))
    request[KEPT] = saving.text
    journal = desk.vaults.journal(opening)
    if saving.text.strip():
        await journal.save_draft(saving)
    keep_place = desk.vaults.settings(opening).keep_place
    await journal.files.attach(saving, name, chunks, keep_place=keep_place)


async def _hand_on(part: BodyPartReader, fields: dict[str, str], on_file: OnFile) -> None:
    """A field for files in which none was chosen comes as one without a name and without bytes."""
    chunks = _chunks(part)
    first = await anext(chunks, b"")
    if first or part.filename:
        await on_file(fields, part.filename or "", _again(first, chunks))


async def _again(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in chunks:
        yield chunk


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await _in_time(part.read_chunk(_CHUNK)):
        yield chunk


async def _text(part: BodyPartReader, room: int) -> bytes:
    text = bytearray()
    async for chunk in _chunks(part):
        text += chunk
        if len(text) > room:
            raise web.HTTPRequestEntityTooLarge(max_size=_TEXT_LIMIT, actual_size=len(text))
    return bytes(text)


async def _in_time[T](reading: Awaitable[T]) -> T:
    waiting = asyncio.timeout(_PATIENCE_S)
    try:
        async with waiting:
            return await reading
    except TimeoutError as error:
        if waiting.expired():
            raise web.HTTPRequestTimeout from error
        raise


def _unreadable() -> InputError:
    return InputError("The form is not readable.", fix="Go back, and try again.")
