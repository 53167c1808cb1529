"""Home Assistant's ingress: who is there, and under which path. Owns believing the Supervisor.

Home Assistant signs its users in, and the Supervisor hands their requests on, saying whose each one
is (https://developers.home-assistant.io/docs/apps/presentation#ingress). Whoever else could connect
could be anybody: only the Supervisor's own address is answered.
"""

import re
import unicodedata
from dataclasses import replace
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from herdbook.llama.panel.desk import DESK, HERE, USER, Desk, User
from herdbook.llama.panel.pages import Pages
from herdbook.llama.people import NAME_LIMIT

_PATH: Final = re.compile(r"/api/hassio_ingress/[A-Za-z0-9_-]{1,128}")
_USER_ID: Final = re.compile(r"[0-9a-f]{32}")


def ingress(supervisor: str) -> Middleware:
    """A middleware that lets in whom the Supervisor, at the address `supervisor`, vouches for.

    It gives each request its user and a desk whose pages lie under the request's path. Answers 403
    to anybody else and where no user is named, 400 without a path.
    """

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.remote != supervisor:
            return _refused(403, "Only Home Assistant's Supervisor may ask here.")
        path = _only(request, "X-Ingress-Path")
        if not _PATH.fullmatch(path):
            return _refused(400, "This request has no ingress path.")
        user_id = _only(request, "X-Remote-User-Id")
        if not _USER_ID.fullmatch(user_id):
            return _refused(
                403, "Home Assistant does not say who is there. Sign in to it by its own page."
            )
        desk = request.app[DESK]
        request[USER] = User(user_id, _name_of(request))
        request[HERE] = _desk_below(desk, desk.pages.below(path), request)
        return await handler(request)

    return admit


def _desk_below(desk: Desk, pages: Pages, request: web.Request) -> Desk:
    secure = request.headers.get("X-Forwarded-Proto", "") == "https"
    return replace(desk, pages=pages, secure=secure)


def _name_of(request: web.Request) -> str:
    """What the user is called in Home Assistant, as a name here could be; maybe empty."""
    said = _only(request, "X-Remote-User-Display-Name") or _only(request, "X-Remote-User-Name")
    # Bytes that are no UTF-8 come as lone surrogates, which no page can hold.
    name = unicodedata.normalize("NFC", said.encode("utf-8", "ignore").decode())
    return "".join(letter for letter in name if letter.isprintable())[:NAME_LIMIT].strip()


def _only(request: web.Request, name: str) -> str:
    """A header that came once. Twice, one of them is not the Supervisor's."""
    values = request.headers.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _refused(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
