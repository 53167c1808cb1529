"""Taking the journal out, in files that anybody can read: sent as they are made, kept nowhere."""

import asyncio
from datetime import date
from typing import Final, Protocol

from aiohttp import web

from herdbook.errors import HerdbookError, InputError
from herdbook.journal.exchange.html_page import HtmlPage, Words
from herdbook.journal.exchange.json_file import JsonFile
from herdbook.journal.exchange.markdown_folder import MarkdownFolder
from herdbook.journal.exchange.passed import Passed
from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.llama.panel.markdown import render

_PIECE: Final = 64 * 1024
"""Bytes that are sent at once, or a day more."""
_STALL_S: Final = 30.0
"""How long a browser may take none of them."""


class _File(Protocol):
    content_type: str
    suffix: str

    def begin(self) -> bytes: ...

    def day(self, day: date, entries: list[Passed], /) -> bytes: ...

    def end(self) -> bytes: ...


async def take_out(request: web.Request) -> web.StreamResponse:
    """The whole journal as a file of the asked-for `kind`, to be saved by the browser.

    If the vault locks before its end the connection is cut: a browser calls that a failed download.
    """
    desk = desk_of(request)
    opening = signed_in(request)[1]
    file = _file(desk, (await fields_of(request)).get("kind", ""))
    days = await desk.vaults.journal(opening).exchange.days()
    name = f"journal-{desk.today()}{file.suffix}"
    response = web.StreamResponse(
        headers={
            "Content-Type": file.content_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )

    def cut(person_id: str) -> None:
        if person_id == opening.person.id and request.transport is not None:
            request.transport.abort()

    desk.vaults.on_lock.append(cut)
    try:
        await response.prepare(request)
        await _send(desk, opening, file, days, response)
    except (HerdbookError, TimeoutError):
        cut(opening.person.id)
    finally:
        desk.vaults.on_lock.remove(cut)
    return response


async def _send(
    desk: Desk,
    opening: Opening,
    file: _File,
    days: list[tuple[date, list[int]]],
    response: web.StreamResponse,
) -> None:
    piece = bytearray(file.begin())
    for day, numbers in days:
        # Asked for anew each time: nothing here keeps hold of a vault that locks.
        entries = await desk.vaults.journal(opening).exchange.of_day(day, numbers)
        piece += await asyncio.to_thread(file.day, day, entries)
        if len(piece) >= _PIECE:
            async with asyncio.timeout(_STALL_S):
                await response.write(bytes(piece))
            piece.clear()
    await response.write(bytes(piece) + file.end())


def _file(desk: Desk, kind: str) -> _File:
    if kind == "json":
        return JsonFile()
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
    raise InputError("A journal is not taken out like that.", fix="Choose one of the three files.")
