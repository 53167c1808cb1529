"""The herd's port: three paths of HTTP before the `Door`. Owns nothing but the translation."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from herdbook.errors import StorageError
from herdbook.eventlog import topics
from herdbook.llama.herd.door import CUT, STORAGE, Answer, Door, Read
from herdbook.log import PacedLog

_ID: Final = f"{{node_id:{topics.NODE_ID}}}"
_HEADERS: Final = {topics.HTTP_HEADER: "1", "Cache-Control": "no-store"}

_log = PacedLog(logging.getLogger(__name__))


def herd_app(door: Door) -> web.Application:
    """The application for the herd's port."""
    app = web.Application()
    app.router.add_post(topics.path(topics.hello(_ID)), _answering(door.hello))
    app.router.add_post(topics.path(topics.log(_ID)), _answering(door.log))
    app.router.add_post(topics.path(topics.ask(_ID)), _answering(door.ask))
    return app


def _answering(
    take: Callable[[str, Read], Awaitable[Answer]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        async def read(limit: int) -> bytes:
            return await _read(request, limit)

        try:
            answer = await take(request.match_info["node_id"], read)
        except StorageError as error:
            _log.warning("storage", f"The herd is told to come again later: {error}")
            answer = STORAGE
        except (ConnectionError, HttpProcessingError, web.RequestPayloadError):
            answer = CUT
        return web.Response(
            status=answer.status,
            body=answer.content,
            content_type="application/octet-stream" if answer.status == 200 else "text/plain",
            headers=_HEADERS,
        )

    return handle


async def _read(request: web.Request, limit: int) -> bytes:
    """The body, and no more of it than `limit` bytes."""
    body = bytearray()
    while len(body) < limit and (piece := await request.content.read(limit - len(body))):
        body += piece
    return bytes(body)
