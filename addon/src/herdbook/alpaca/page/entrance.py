"""The way in: a browser gives the node's token once, and shows its pass from then on.

A token is never in an address: it is typed, and travels in a form. It is too long to be guessed, so
nobody is kept out for what others try: behind a proxy all have one address. Only the answer to a
wrong one takes its time.
"""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from herdbook.alpaca.page.desk import desk_of, pages_of
from herdbook.alpaca.page.secret import is_pass, is_token, pass_of

_OPEN: Final = frozenset({"sign_in", "enter", "static"})
_REMEMBERED_S: Final = 30 * 86_400
_WRONG_S: Final = 1.0


@web.middleware
async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who shows the pass; everybody else sees the way in, whatever the address."""
    if request.match_info.route.name in _OPEN or _is_in(request):
        return await handler(request)
    return pages_of(request).go(request, "sign_in")


async def show(request: web.Request) -> web.Response:
    """Where the token is typed."""
    if _is_in(request):
        return pages_of(request).go(request, "home")
    return desk_of(request).page(request, "sign_in.html", {"wrong": False})


async def sign_in(request: web.Request) -> web.Response:
    """Give a browser its pass for the token, at once; who has a wrong one waits for that."""
    desk = desk_of(request)
    try:
        typed = (await request.post()).get("token", "")
    except UnicodeDecodeError as error:  # no browser sends that
        raise web.HTTPBadRequest from error
    if not isinstance(typed, str) or not is_token(typed, desk.token):
        await asyncio.sleep(_WRONG_S)
        return desk.page(request, "sign_in.html", {"wrong": True}, status=403)
    response = pages_of(request).go(request, "home")
    response.set_cookie(
        desk.cookie,
        pass_of(desk.token),
        max_age=_REMEMBERED_S,
        path="/",
        httponly=True,
        samesite="Strict",
    )
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Take the pass from this browser."""
    response = pages_of(request).go(request, "sign_in")
    response.del_cookie(desk_of(request).cookie, path="/", httponly=True, samesite="Strict")
    return response


def _is_in(request: web.Request) -> bool:
    desk = desk_of(request)
    return is_pass(request.cookies.get(desk.cookie, ""), desk.token)
