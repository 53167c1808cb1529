"""Listening on a port. Owns starting and stopping an aiohttp application there."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakSet

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler

from herdbook.errors import ConfigError, PortTaken
from herdbook.settings import Listener

CONNECTIONS_LIMIT: Final = 256
"""Far below the files that a process may have open (1,024 is usual)."""
HEADER_S: Final = 10.0
BODY_S: Final = 30.0
"""How long a body may take, and each time again for another `BODY_BYTES` of it."""
BODY_BYTES: Final = 16 * 1024 * 30
"""What comes in that time over a poor radio link."""
_STOP_S: Final = 3.0


@asynccontextmanager
async def listening(app: web.Application, where: Listener, section: str) -> AsyncIterator[str]:
    """Serve `app` for as long as the context lasts; gives its address, ``http://host:port``.

    Raises `PortTaken` when somebody else listens there, `ConfigError` when nobody can.
    """
    async with served(app) as factory:
        listener = await _listen(factory, where, section)
        host = f"[{where.host}]" if ":" in where.host else where.host
        try:
            yield f"http://{host}:{where.port}"
        finally:
            listener.close()


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[Callable[[], asyncio.Protocol]]:
    """What answers a connection with `app`, for as long as the context lasts."""
    gate = Gate()
    app.middlewares.insert(0, gate.hear)
    app.on_response_prepare.append(_say_little)
    # No access log: addresses of the panel tell which days somebody reads.
    # Bodies as they came: a compressed one, which no client of ours sends, makes much work of few
    # bytes, and one that only says that it is would have aiohttp log a fault of ours.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S, auto_decompress=False)
    await runner.setup()
    try:
        yield gate.factory(runner)
    finally:
        await runner.cleanup()


async def _listen(
    factory: Callable[[], asyncio.Protocol], where: Listener, section: str
) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(factory, where.host, where.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {where.port} of {where.host} is taken by another program.",
                fix=f"Stop that program, or choose another port under [{section}].",
            ) from error
        raise ConfigError(
            f"Cannot listen on {where.host}:{where.port}: {error.strerror or error}.",
            fix=f"Correct host and port under [{section}].",
        ) from error


class Gate:
    """How many connections come in, and how long one may keep it waiting for its request.

    Without it, somebody who only opens connections would use up the files that this process may
    have open, and with them the database, the broker and the log.
    """

    def __init__(self) -> None:
        self._heard: WeakSet[asyncio.BaseTransport] = WeakSet()

    def factory(self, runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
        """A protocol for each connection; over the limit, one that closes it."""
        server = runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            if len(server.connections) >= CONNECTIONS_LIMIT:
                return _Closed()
            handler = server()
            loop.call_later(HEADER_S, self._close_silent, handler)
            return handler

        return protocol

    @web.middleware
    async def hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that this connection has sent a whole request; it is its only one.

        Else its last request and answer, with password and text, would stay in memory until it is
        used again or ends.
        """
        if request.transport is not None:
            self._heard.add(request.transport)
        waiting = asyncio.create_task(_close_unfinished(request))
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            refusal.force_close()
            raise
        finally:
            waiting.cancel()
        response.force_close()
        return response

    def _close_silent(self, handler: RequestHandler) -> None:
        transport = handler.transport
        if transport is not None and transport not in self._heard:
            transport.abort()


async def _close_unfinished(request: web.Request) -> None:
    """Close the connection of a body that does not come, or comes by drops."""
    body = request.content
    wanted = 0
    while not body.is_eof() and body.total_bytes >= wanted:
        wanted = body.total_bytes + BODY_BYTES
        await asyncio.sleep(BODY_S)
    if not body.is_eof() and request.transport is not None:
        request.transport.abort()


class _Closed(asyncio.Protocol):
    """Closes its connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _say_little(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "Herdbook"
