"""What may listen where a broker should, and brokers that do what no real one does.

async with BrokerDouble(answer=b"HTTP/1.1 400 Bad Request") as double: ...
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

LET_IN = b"\x20\x03\x00\x00\x00"
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8

type Acknowledge = Callable[[int], bytes]


def connack(code: int) -> bytes:
    """The answer of a broker of MQTT 5 that lets nobody in."""
    return bytes([0x20, 3, 0, code, 0])


class BrokerDouble:
    """Lets in and grants all, but for what it is told. `port` is where, `connections` how often.

    `banner` is said unasked, `answer` to the first thing that comes. `goodbye` is said after a
    subscription was granted, and ends the connection. `acknowledge` makes an answer of the id of
    what was published. `deaf`: it reads nothing after that. `grants` so many more subscriptions.
    """

    def __init__(
        self,
        *,
        banner: bytes = b"",
        answer: bytes = LET_IN,
        closes: bool = False,
        goodbye: bytes | None = None,
        acknowledge: Acknowledge = lambda mid: b"\x40\x02" + mid.to_bytes(2),
        deaf: bool = False,
        grants: int = 0,
    ) -> None:
        self._banner = banner
        self._answer = answer
        self._closes = closes
        self._goodbye = goodbye
        self._acknowledge = acknowledge
        self._deaf = deaf
        self._grants = grants
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self.connections = 0
        self.gone = 0
        self.published = 0

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._ends):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._ends.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            writer.write(self._banner)
            if not self._closes:
                await self._talk(reader, writer)
        self.gone += 1
        self._ends.discard(writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await _packet(reader)
            if kind == CONNECT:
                writer.write(self._answer)
            elif kind == SUBSCRIBE:
                writer.write(_suback(body, self._grants))
                if self._goodbye is not None:
                    writer.write(self._goodbye)
                    return
                if self._deaf:
                    await asyncio.Event().wait()
            elif kind == PUBLISH:
                self.published += 1
                topic = int.from_bytes(body[:2])
                mid = int.from_bytes(body[2 + topic : 4 + topic])
                writer.write(self._acknowledge(mid))


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0] >> 4
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(length)


def _suback(body: bytes, more: int) -> bytes:
    rest, granted = body[3:], more  # no properties
    while rest:
        rest = rest[2 + int.from_bytes(rest[:2]) + 1 :]
        granted += 1
    return bytes([0x90, 3 + granted]) + body[:2] + b"\x00" + b"\x01" * granted
