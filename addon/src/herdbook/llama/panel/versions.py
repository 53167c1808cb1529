"""What an entry said before, beside what it says now: what changed, and taking a text back."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from markupsafe import Markup

from herdbook.journal.difference import Stretch, difference
from herdbook.journal.entry import Entry
from herdbook.journal.history import Earlier
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.markdown import render

_AROUND: Final = 80
"""Characters before and after a change that are shown with it."""
_CHANGED: Final = 600
"""Characters of a change at its beginning, and at its end, that are shown."""
_NUMBER: Final = 15
"""Digits of the numbers that forms hand in."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An earlier text: `html` is all of it, `changes` what became of it next, shortened."""

    version: Earlier
    html: Markup
    changes: list[Stretch]


async def show(request: web.Request) -> web.Response:
    """The page. ``?said=`` has it tell that the entry was changed elsewhere meanwhile."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    async with session.writing:
        journal = desk.vaults.journal(opening)
        entry = await journal.entry(request.match_info["entry"])
        versions = await journal.versions(entry.id)
    # Long texts take a while.
    html, shown = await asyncio.to_thread(_shown, entry, versions)
    desk.vaults.glance(opening)
    values = {
        "entry": entry,
        "html": html,
        "person": opening.person,
        "versions": shown,
        "said": request.query.get("said", ""),
    }
    return desk.pages.page("versions.html", values)


async def take_back(request: web.Request) -> web.Response:
    """Give the entry that text again, unless it was changed since the page was made."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    newest = _number((await fields_of(request)).get("newest", ""))
    number = _number(request.match_info["version"])
    async with session.writing:
        journal = desk.vaults.journal(opening)
        entry = await journal.entry(request.match_info["entry"])
        taken = await journal.take_back(entry.id, number, newest)
    if taken is None:
        return desk.pages.go(request, "versions", entry=entry.id, tail="?said=not_taken_back")
    return desk.pages.go(request, "day", day=taken.day.isoformat(), tail=f"#entry-{taken.id}")


def _number(text: str) -> int:
    """A number from a form; 0, which none of them is, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _NUMBER else 0


def _shown(entry: Entry, versions: list[Earlier]) -> tuple[Markup, list[Shown]]:
    shown, next_text = [], entry.text
    for version in versions:
        changes = list(_shortened(difference(version.text, next_text)))
        shown.append(Shown(version, render(version.text), changes))
        next_text = version.text
    return render(entry.text), shown


def _shortened(stretches: list[Stretch]) -> Iterator[Stretch]:
    for at, one in enumerate(stretches):
        before = _CHANGED if one.kind != "both" else _AROUND if at else 0
        after = _CHANGED if one.kind != "both" else _AROUND if at < len(stretches) - 1 else 0
        yield Stretch(one.kind, _cut(one.text, before, after))


def _cut(text: str, first: int, last: int) -> str:
    """A text's beginning and end of about so many characters, without half words."""
    if len(text) <= first + last + 2:
        return text
    begin = f"{text[:first].rpartition(' ')[0] or text[:first]} " if first else ""
    end = f" {text[-last:].partition(' ')[2] or text[-last:]}" if last else ""
    return f"{begin}…{end}"
