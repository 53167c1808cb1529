"""A cable between a program and the broker that can be cut."""

import asyncio
import contextlib
import socket
import struct
from typing import Self

_AT_ONCE = 16 * 1024
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a port of its own and hands everything on, until it is cut; a context manager.

    `carried` is how many bytes went through, both ways.
    """

    def __init__(self, port: int) -> None:
        """To a `port` of this machine."""
        self._to = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.carried = 0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def stands(self) -> bool:
        """Whether there is a connection to cut."""
        return bool(self._writers)

    def cut(self) -> None:
        """End all connections at once, in the midst of whatever they carry."""
        for writer in self._writers:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, on = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            back.transport.abort()
            return
        ends = {back, on}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(near, on))
                group.create_task(self._carry(far, back))
        except* OSError:
            pass  # cut
        finally:
            self._writers -= ends
            for end in ends:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(_AT_ONCE):
            self.carried += len(data)
            target.write(data)
            await target.drain()
        target.close()
