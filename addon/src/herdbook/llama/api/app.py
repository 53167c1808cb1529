"""The API's HTTP side: one route, one token."""

import hmac
import logging

from aiohttp import web

from herdbook.errors import Unauthorized
from herdbook.llama.api.connection import Connection, Handle
from herdbook.llama.api.feed import Feed
from herdbook.llama.api.messages import SIZE_LIMIT, Hello
from herdbook.log import PacedLog

_HEARTBEAT_S = 20.0
_SOCKETS = web.AppKey[set[web.WebSocketResponse]]("sockets")

_log = PacedLog(logging.getLogger(__name__))


def api_app(*, token: str, hello: Hello, feed: Feed, handle: Handle) -> web.Application:
    """The application for the API port. `handle` answers commands after the token was checked."""

    async def connect(request: web.Request) -> web.StreamResponse:
        if not _is_authorized(request, token):
            error = Unauthorized(
                "This is not the token of this Llama.",
                fix="Copy it from “herdbook llama token” into the Herdbook integration.",
            )
            _log.warning(error.code, "Refused a client of the API: no token, or a wrong one")
            return web.json_response(
                {"code": error.code, "message": error.message, "fix": error.fix},
                status=401,
                headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
            )
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=SIZE_LIMIT)
        await socket.prepare(request)
        request.app[_SOCKETS].add(socket)
        try:
            await Connection(socket, feed, handle).serve(hello)
        finally:
            request.app[_SOCKETS].discard(socket)
        return socket

    async def close_sockets(app: web.Application) -> None:
        sockets = app[_SOCKETS]
        for socket in list(sockets):
            await socket.close(code=1001, message=b"the Llama stops")

    app = web.Application()
    app[_SOCKETS] = set()
    app.router.add_get("/api/ws", connect)
    app.on_shutdown.append(close_sockets)
    return app


def _is_authorized(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode("utf-8", "surrogateescape"), token.encode()
    )
