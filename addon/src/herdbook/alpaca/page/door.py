"""Where a node is asked: a socket that listens, and what answers once somebody knocks.

A node that nobody looks at shall not carry a web server in its memory (14 MB, and 4 MB for pages,
of the 512 MB that a Pi Zero 2 W has). So the socket listens alone; the first connection waits in it
until the server is loaded, which then takes the socket over for good.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herdbook.alpaca.page.settings import PageSettings
from herdbook.errors import HerdbookError

if TYPE_CHECKING:
    from aiohttp import web

CONTROL: Final = "alpaca.sock"
_BACKLOG: Final = 16
_RETRY_S: Final = 30.0

_log = logging.getLogger(__name__)


async def answering(
    what: str,
    opened: Callable[[], socket.socket],
    module: str,
    app: Callable[[], "web.Application"],
) -> None:
    """Serve `app` on a socket until cancelled.

    `module` is what `app` is imported from, loaded with the first connection. What cannot be opened
    is named once and tried again: an address may be there only once the network is.
    """
    said = ""
    while True:
        try:
            with opened() as listening:
                await _serve(listening, module, app)
        except (OSError, ImportError, HerdbookError) as error:
            why = str(error)
            if why != said:
                _log.warning("%s cannot be opened and is tried again: %s", what, why)
            said = why
            await asyncio.sleep(_RETRY_S)


def control_socket(folder: Path) -> socket.socket:
    """The control socket in a data folder, for its owner alone; one left behind is replaced.

    Raises OSError.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # By the folder's descriptor: the address of a socket holds 107 bytes, a path may be longer.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            new = Path(f"/proc/self/fd/{descriptor}") / f".{CONTROL}"
            new.unlink(missing_ok=True)
            listening.bind(str(new))
            new.chmod(0o600)
            new.rename(folder / CONTROL)
        finally:
            os.close(descriptor)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def page_socket(settings: PageSettings) -> socket.socket:
    """The port of the page. Raises OSError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.create_server(
        (settings.host, settings.port), family=family, backlog=_BACKLOG
    )
    listening.setblocking(False)
    return listening


async def _serve(
    listening: socket.socket, module: str, app: Callable[[], "web.Application"]
) -> None:
    await _knock(listening)
    await asyncio.to_thread(import_module, module)  # a second, on a small machine
    from herdbook.web.listener import served  # with aiohttp, which is there by now

    async with served(app()) as factory:
        loop = asyncio.get_running_loop()
        if listening.family == socket.AF_UNIX:
            server = await loop.create_unix_server(factory, sock=listening, cleanup_socket=False)
        else:
            server = await loop.create_server(factory, sock=listening)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()


async def _knock(listening: socket.socket) -> None:
    """Until there is a connection; it stays in the socket."""
    loop = asyncio.get_running_loop()
    knocked = loop.create_future()

    def heard() -> None:
        loop.remove_reader(listening)
        knocked.set_result(None)

    loop.add_reader(listening, heard)
    try:
        await knocked
    finally:
        loop.remove_reader(listening)
