"""Ports on loopback. Owns which are free and which ones a folder used before."""

import asyncio
import random
import socket

from demo.errors import DemoError
from demo.folder import Folder

# Below the range from which the system takes ports for outgoing connections, so that a remembered
# port is rarely taken by the time of the second start.
_CHOICE = range(20000, 32000)


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def answers(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def free_port() -> int:
    """A port nobody listens on."""
    for port in random.sample(_CHOICE, 200):
        if is_free(port):
            return port
    raise DemoError(
        f"No free port between {_CHOICE.start} and {_CHOICE.stop}.",
        fix="Stop some of the programs that listen there (`ss -ltn` lists them).",
    )


def port_for(folder: Folder, name: str) -> tuple[int, int | None]:
    """The port of one listener: the remembered one, or a new one when somebody else has that.

    Returns the port and, when it had to move, the port it had before.
    """
    remembered = folder.recall(f"{name}_port")
    if isinstance(remembered, int) and is_free(remembered):
        return remembered, None
    port = free_port()
    folder.remember(f"{name}_port", port)
    return port, remembered if isinstance(remembered, int) else None
