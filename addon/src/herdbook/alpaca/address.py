"""Where a Llama is that is reached by HTTP. Owns one request and its answer; knows no protocol.

The answer is read by the standard library's own parser, once all of it has come: it is small, and
the connection ends with it.
"""

import asyncio
import re
import ssl
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from herdbook import __version__
from herdbook.errors import ConfigError, LlamaUnavailable
from herdbook.settings import require_host
from herdbook.unreachable import reason_of

WITHIN_S: Final = 30.0
MAX_ANSWER: Final = 64 * 1024
_MAX_HEAD: Final = 16 * 1024
_URL: Final = re.compile(r"https?://[!-.0-~]+(/[!-~]*)?")


class LlamaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the Llama is, when it is not reached by a broker; the ``[llama]`` table."""

    url: Annotated[str, Meta(max_length=500)]
    ca: str | None = None  # path of the authority's certificate; None: the system's

    def __post_init__(self) -> None:
        if not _URL.fullmatch(self.url):
            raise ValueError("“url” must be an address like http://192.168.1.5:8479")


class Reply(NamedTuple):
    """The answer to a request. `headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


class Address:
    """The Llama's address. Raises `ConfigError` when it cannot be one."""

    def __init__(self, settings: LlamaSettings) -> None:
        self.url = settings.url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
            require_host(parts.hostname or "")
        except ValueError as error:
            raise _no_address(settings.url) from error
        if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise _no_address(settings.url)
        self._host = parts.hostname
        self._netloc = parts.netloc
        self._prefix = parts.path
        self._tls = _tls_context(settings.ca) if parts.scheme == "https" else None

    async def post(self, path: str, body: bytes) -> Reply:
        """Send a body, on a connection of its own, and read the answer.

        Raises `LlamaUnavailable` when none comes, whole, within 30 seconds.
        """
        try:
            async with asyncio.timeout(WITHIN_S):
                return _parse(await self._exchange(path, body))
        except HTTPException as error:
            raise self._unavailable(
                f"what came is no whole answer of HTTP ({type(error).__name__})",
                "If it speaks TLS there, begin “url” with https://.",
            ) from error
        except ConnectionRefusedError as error:
            raise self._unavailable(
                "nobody listens there",
                "Check that the Llama runs, that it has a [herd] table, and the port in “url”.",
            ) from error
        except OSError as error:  # a timeout, too
            raise self._unavailable(*reason_of(error, "llama")) from error

    async def _exchange(self, path: str, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            writer.write(self._head(path, len(body)) + body)
            await writer.drain()
            answer = bytearray()
            while piece := await reader.read(MAX_ANSWER):
                answer += piece
                if len(answer) > MAX_ANSWER + _MAX_HEAD:
                    raise HTTPException("the answer is too long")
            return bytes(answer)
        finally:
            writer.transport.abort()

    def _head(self, path: str, size: int) -> bytes:
        lines = (
            f"POST {self._prefix}{path} HTTP/1.1",
            f"Host: {self._netloc}",
            f"User-Agent: Herdbook/{__version__}",
            "Content-Type: application/octet-stream",
            f"Content-Length: {size}",
            "Connection: close",
            "",
            "",
        )
        return "\r\n".join(lines).encode("ascii")

    def _unavailable(self, what: str, fix: str) -> LlamaUnavailable:
        return LlamaUnavailable(f"No Llama at {self.url}: {what}.", fix=fix)


class _Came:
    """What has come, as the parser wants it: something that makes a file."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._raw)


def _parse(raw: bytes) -> Reply:
    """The answer in these bytes. Raises `HTTPException` when it is none, or cut."""
    response = HTTPResponse(_Came(raw), method="POST")  # type: ignore[arg-type]
    response.begin()
    try:
        content = response.read(MAX_ANSWER + 1)
    except OverflowError as error:
        raise HTTPException("a chunk is said to be larger than all that there is") from error
    if len(content) > MAX_ANSWER or response.length:
        raise HTTPException("the answer is too long, or cut")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, content)


def _no_address(url: str) -> ConfigError:
    return ConfigError(
        f"“{url}” is no address of a Llama.",
        fix="Write it under [llama] like http://192.168.1.5:8479, with the port of its [herd].",
    )


def _tls_context(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ConfigError(
            f"Cannot use the certificate {ca}: {error}.",
            fix="Point “ca” under [llama] at a PEM file that this program can read.",
        ) from error
