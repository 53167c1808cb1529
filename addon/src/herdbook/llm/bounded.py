"""HTTP by httpx whose answers have bounds: what is over them is not read, nor unpacked."""

from collections.abc import AsyncIterator
from typing import Final

import httpx

_MOST_BYTES: Final = 256 * 1024


class TooLong(httpx.TransportError):
    """An answer is longer than any that is taken."""


class BoundedTransport(httpx.AsyncHTTPTransport):
    """httpx's own, with answers of at most 256 KiB, as they came."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask. Raises `httpx.HTTPError`; reading the answer raises `TooLong`."""
        response = await super().handle_async_request(request)
        # Nobody asked for it to be compressed, and few bytes would make many.
        response.headers.pop("Content-Encoding", None)
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _Bounded(response.stream)
        return response


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > _MOST_BYTES:
                raise TooLong("the answer is too long")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
