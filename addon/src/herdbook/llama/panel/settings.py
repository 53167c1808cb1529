"""How the person wants the panel: one page of choices, kept in their vault."""

from typing import Final

import msgspec
from aiohttp import web

from herdbook.errors import InputError, VaultLocked
from herdbook.journal.settings import Settings
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in

_TICKS: Final = ("enter_sends", "single_keys")


async def show(request: web.Request) -> web.Response:
    """The page. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    try:
        settings = desk.vaults.settings(opening)
    except VaultLocked:
        return desk.pages.go(request, "home")
    told, session.told = session.told == "settings", ""
    return desk.pages.page("settings.html", {"settings": settings, "told": told})


async def change(request: web.Request) -> web.Response:
    """Keep what was chosen, and show the page as it is then."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    await desk.vaults.change_settings(opening, _chosen(await fields_of(request)))
    session.told = "settings"
    return desk.pages.go(request, "settings")


def _chosen(fields: dict[str, str]) -> Settings:
    chosen = {
        **{name: name in fields for name in _TICKS},
        **{
            field.name: fields[field.name]
            for field in msgspec.structs.fields(Settings)
            if field.name in fields and field.name not in _TICKS
        },
    }
    try:
        # A form knows only texts; minutes are a number.
        chosen["lock_after_min"] = int(fields.get("lock_after_min", ""))
        return msgspec.convert(chosen, Settings)
    except (ValueError, msgspec.ValidationError) as error:
        raise InputError("There is no such choice.", fix="Choose again.") from error
