"""Whether what a page shows may still be seen. An open page asks again and again."""

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.llama.panel.desk import desk_of, signed_in


async def show(request: web.Request) -> web.Response:
    """Nothing while the vault is open; else the way to the door. Asking is not use."""
    desk = desk_of(request)
    try:
        desk.vaults.glance(signed_in(request, used=False)[1])
    except VaultLocked:
        return desk.pages.go(request, "home")
    return web.Response(status=204)
