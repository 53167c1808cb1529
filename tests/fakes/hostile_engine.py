"""An inference server that answers what it should not, byte by byte as a test wants it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

type Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status} So\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class HostileEngine:
    """`reply` writes the answer to each request; `requests` are kept, head and body."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.url = ""
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                self.requests.append(head + await reader.readexactly(length))
                await self.reply(writer)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def hostile_engine(reply: bytes | Reply) -> AsyncIterator[HostileEngine]:
    """One that listens, for as long as the block lasts."""

    async def whole(writer: asyncio.StreamWriter) -> None:
        assert isinstance(reply, bytes)
        writer.write(reply)

    engine = HostileEngine(whole if isinstance(reply, bytes) else reply)
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0)
    engine.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield engine
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
