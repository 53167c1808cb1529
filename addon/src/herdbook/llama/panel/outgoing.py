"""Taking the journal out: in files that anybody can read, which are sent as they are made and kept
nowhere, or as the vault that it is, which stays sealed."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import date
from typing import Final, Protocol

from aiohttp import web

from herdbook.clock import iso
from herdbook.errors import HerdbookError, InputError
from herdbook.journal.exchange.html_page import HtmlPage, Words
from herdbook.journal.exchange.json_file import JsonFile
from herdbook.journal.exchange.markdown_folder import MarkdownFolder
from herdbook.journal.exchange.passed import Leaving
from herdbook.journal.file import File
from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.llama.panel.markdown import render

_PIECE: Final = 64 * 1024
"""Bytes that are sent at once, or a day more."""
_STALL_S: Final = 30.0
"""How long a browser may take none of them."""


class _Writer(Protocol):
    """What writes a journal's file: after each `File` it is given that one's bytes by `piece`."""

    content_type: str
    suffix: str

    def begin(self) -> bytes: ...

    def day(self, day: date, leaving: list[Leaving], /) -> Iterator[bytes | File]: ...

    def piece(self, piece: bytes, /) -> bytes: ...

    def end(self) -> Iterator[bytes | File]: ...

    def close(self) -> None: ...


async def take_out(request: web.Request) -> web.StreamResponse:
    """The whole journal as a file of the asked-for `kind`, to be saved by the browser.

    If the vault locks before its end the connection is cut: a browser calls that a failed download.
    """
    desk = desk_of(request)
    opening = signed_in(request)[1]
    kind = (await fields_of(request)).get("kind", "")
    if kind == "vault":
        return await _take_sealed(request, desk, opening)
    writer = _writer(desk, kind)
    days = await desk.vaults.journal(opening).exchange.days()
    response = _download(f"journal-{desk.today()}{writer.suffix}", writer.content_type)

    def cut(person_id: str) -> None:
        if person_id == opening.person.id and request.transport is not None:
            request.transport.abort()

    desk.vaults.on_lock.append(cut)
    try:
        await response.prepare(request)
        async with aclosing(_pieces(desk, opening, writer, days)) as pieces:
            await _send(pieces, response)
    except (HerdbookError, TimeoutError):
        cut(opening.person.id)
    finally:
        desk.vaults.on_lock.remove(cut)
        writer.close()
    return response


async def _take_sealed(request: web.Request, desk: Desk, opening: Opening) -> web.StreamResponse:
    """The vault as it lies on the disk. It may lock meanwhile: nothing in it is open."""
    desk.vaults.journal(opening)  # raises `VaultLocked`, as for every other kind
    copy = await desk.copies.open(
        desk.vaults.folder_of(opening.person),
        person=opening.person.name,
        made=iso(desk.clock.wall_ms()),
    )
    with copy:
        response = _download(f"vault-{desk.today()}.tar", "application/x-tar")
        response.content_length = os.fstat(copy.fileno()).st_size
        await response.prepare(request)
        while piece := await asyncio.to_thread(copy.read, _PIECE):
            async with asyncio.timeout(_STALL_S):
                await response.write(piece)
    return response


def _download(name: str, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": content_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    # A connection has one request (see `herdbook.web.listener`), which is to be said beforehand.
    response.force_close()
    return response


async def _send(pieces: AsyncIterator[bytes], response: web.StreamResponse) -> None:
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= _PIECE:
            async with asyncio.timeout(_STALL_S):
                await response.write(bytes(held))
            held.clear()
    await response.write(bytes(held))


async def _pieces(
    desk: Desk, opening: Opening, writer: _Writer, days: list[tuple[date, list[int]]]
) -> AsyncGenerator[bytes]:
    """The whole file, as it is made. Raises `VaultLocked`, `FileUnknown` for one gone meanwhile."""
    yield writer.begin()
    for day, numbers in days:
        # Asked for anew each time: nothing here keeps hold of a vault that locks.
        leaving = await desk.vaults.journal(opening).exchange.of_day(day, numbers)
        async with aclosing(_filled(desk, opening, writer, writer.day(day, leaving))) as pieces:
            async for piece in pieces:
                yield piece
    async with aclosing(_filled(desk, opening, writer, writer.end())) as pieces:
        async for piece in pieces:
            yield piece


async def _filled(
    desk: Desk, opening: Opening, writer: _Writer, parts: Iterator[bytes | File]
) -> AsyncGenerator[bytes]:
    """What a writer says, with the bytes of the files that it asks for."""
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        if isinstance(part, bytes):
            yield part
            continue
        async with aclosing(desk.vaults.journal(opening).files.pieces(part)) as pieces:
            async for piece in pieces:
                yield await asyncio.to_thread(writer.piece, piece)


def _writer(desk: Desk, kind: str) -> _Writer:
    if kind == "json":
        return JsonFile(desk.zone, desk.clock.wall_ms())
    if kind == "markdown":
        return MarkdownFolder(desk.zone)
    if kind == "html":
        strings = desk.pages.strings
        words = Words(
            strings.language,
            strings.direction,
            strings("exchange.file_title"),
            strings("exchange.house"),
            desk.pages.long_date,
        )
        return HtmlPage(words, desk.zone, render)
    raise InputError("A journal is not taken out like that.", fix="Choose one of the four files.")
