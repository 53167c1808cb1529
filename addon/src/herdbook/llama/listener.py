"""Listening on a port. Owns starting and stopping an aiohttp application there."""

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from herdbook.errors import ConfigError, PortTaken
from herdbook.llama.config import Listener

_STOP_S = 3.0


@asynccontextmanager
async def listening(app: web.Application, where: Listener, section: str) -> AsyncIterator[str]:
    """Serve `app` for as long as the context lasts; gives its address, ``http://host:port``.

    Raises `PortTaken` when somebody else listens there, `ConfigError` when nobody can.
    """
    # No access log: addresses of the panel tell which days somebody reads.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, where.host, where.port).start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(
                    f"Port {where.port} of {where.host} is taken by another program.",
                    fix=f"Stop that program, or choose another port under [{section}].",
                ) from error
            raise ConfigError(
                f"Cannot listen on {where.host}:{where.port}: {error.strerror}.",
                fix=f"Correct host and port under [{section}].",
            ) from error
        host = f"[{where.host}]" if ":" in where.host else where.host
        yield f"http://{host}:{where.port}"
    finally:
        await runner.cleanup()
