"""How the person wants the panel: one page of choices, kept in their vault."""

import msgspec
from aiohttp import web

from herdbook.errors import InputError, VaultLocked
from herdbook.journal.journal import Journal
from herdbook.journal.settings import Settings
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in


async def show(request: web.Request) -> web.Response:
    """The page. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    try:
        settings = desk.vaults.settings(opening)
        journal = desk.vaults.glance(opening)
        of_meaning = await _of_meaning(journal)
    except VaultLocked:
        return desk.pages.go(request, "home")
    told, session.told = session.told == "settings", ""
    values = {
        "settings": settings,
        "told": told,
        "languages": desk.pages.languages,
        "house_has_ai": journal.meaning.is_offered,
    }
    return desk.pages.page("settings.html", values | of_meaning)


async def meaning(request: web.Request) -> web.Response:
    """How far entries can be found by meaning; an open page asks again and again, which is no use.

    Nothing once AI is off. While the vault is locked, the way to the door.
    """
    desk = desk_of(request)
    try:
        journal = desk.vaults.glance(signed_in(request, used=False)[1])
        return desk.pages.page("parts/meaning.html", await _of_meaning(journal))
    except VaultLocked:
        return desk.pages.go(request, "home")


async def change(request: web.Request) -> web.Response:
    """Keep what was chosen, and show the page as it is then."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    await desk.vaults.change_settings(opening, _chosen(await fields_of(request)))
    session.told = "settings"
    return desk.pages.go(request, "settings")


async def _of_meaning(journal: Journal) -> dict[str, object]:
    return {"model": journal.meaning.state, "progress": await journal.meaning.progress()}


def _chosen(fields: dict[str, str]) -> Settings:
    # A box that is not ticked is no field of the form.
    chosen: dict[str, object] = {
        field.name: field.name in fields if field.type is bool else fields[field.name]
        for field in msgspec.structs.fields(Settings)
        if field.type is bool or field.name in fields
    }
    try:
        # A form knows only texts; minutes are a number.
        chosen["lock_after_min"] = int(fields.get("lock_after_min", ""))
        return msgspec.convert(chosen, Settings)
    except (ValueError, msgspec.ValidationError) as error:
        raise InputError(
            "There is no such choice.", fix="Choose again.", reason="no_such_choice"
        ) from error
