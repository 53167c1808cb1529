"""A writing field for today and nothing else: to jot something down from wherever one is."""

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.journal.file import SIZE_LIMIT
from herdbook.llama.panel.contents import contents_of
from herdbook.llama.panel.days import door_of
from herdbook.llama.panel.desk import desk_of, signed_in
from herdbook.llama.panel.field import field_of, new_field


async def show(request: web.Request) -> web.Response:
    """The page; while the vault is locked, with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    day = desk.today()
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            field = await field_of(journal, await contents_of(journal, day), "", "")
            attached = await journal.files.of_field(field.composition, field.entry_id)
        door = door_of(session, day, field.composition) | {"state": "open"}
    except VaultLocked:
        field, attached = new_field(day), []
        door = door_of(session, day, field.composition)
    values = {"field": field, "saving": field, "attached": attached, "largest": SIZE_LIMIT}
    return desk.pages.page("jot.html", {**door, **values, "when": "today", "answer": False})
