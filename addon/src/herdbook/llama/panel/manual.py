"""Every key, and what can be typed: on one page."""

from aiohttp import web

from herdbook.llama.panel.desk import desk_of, signed_in


async def show(request: web.Request) -> web.Response:
    """The page. It shows nothing of a vault, so that it is there while that is locked, too."""
    signed_in(request)
    return desk_of(request).pages.page("help.html", {})
