"""Any server with OpenAI's chat completions, such as llama.cpp's llama-server, by aiohttp."""

from typing import Annotated, Final

import aiohttp
import msgspec
from msgspec import Meta, Struct

from herdbook.errors import ModelDown, ModelRefused
from herdbook.llm.engine import Schema, Turn
from herdbook.llm.quoting import quoted
from herdbook.llm.settings import ModelSettings
from herdbook.llm.statuses import fix_for, passes
from herdbook.unreachable import Reason, reason_of

_CONNECT_S: Final = 10.0
_MOST_BYTES: Final = 256 * 1024
_OK: Final = 200
_QUOTED: Final = 800


class _Message(Struct):
    content: str | None = None


class _Choice(Struct):
    message: _Message


class _Completion(Struct):
    choices: Annotated[list[_Choice], Meta(min_length=1)]


class OpenAIEngine:
    """See `herdbook.llm.engine.Engine`."""

    def __init__(self, settings: ModelSettings) -> None:
        """Raises `ConfigError` for a certificate authority that cannot be used."""
        self._settings = settings
        base = (settings.url or "").rstrip("/").removesuffix("/v1")
        self._url = f"{base}/v1/chat/completions"
        self._tls = settings.tls() if base.startswith("https") else None
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, turns: list[Turn], schema: Schema, most_tokens: int) -> str:
        """See `Engine`. The server stops writing when this is cancelled: the connection closes."""
        question = {
            "model": self._settings.model or "default",
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            },
            "temperature": 0.2,
            "max_tokens": most_tokens,
            "stream": False,
        }
        status, body = await self._post(question)
        if status != _OK:
            said = quoted(body[:_QUOTED].decode("utf-8", "replace"))
            what = f"The model's server answered {status}" + (f": “{said}”." if said else ".")
            if passes(status):
                raise ModelDown(what)
            raise ModelRefused(what, fix=fix_for(status))
        try:
            answer = msgspec.json.decode(body, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ModelDown(
                f"What answers at {self._settings.url} is no such server.",
                fix="Correct “url” under [model].",
            ) from error
        return answer.choices[0].message.content or ""

    async def is_loaded(self) -> bool:
        """See `Engine`. Such a server has loaded its model when it answers at all."""
        return True

    async def close(self) -> None:
        """See `Engine`."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, question: object) -> tuple[int, bytes]:
        if self._session is None:
            key = self._settings.api_key
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(self._settings.timeout, sock_connect=_CONNECT_S),
                headers={"Accept-Encoding": "identity"}
                | ({} if key is None else {"Authorization": f"Bearer {key}"}),
                # What is compressed makes much of few bytes, and a cookie tells who asks again.
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            # No other host is asked: not one that the server names, nor one of the environment.
            async with self._session.post(
                self._url,
                data=msgspec.json.encode(question),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
                ssl=self._tls or True,
            ) as response:
                body = bytearray()
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise ModelRefused("The model's answer is larger than any we take.")
                return response.status, bytes(body)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            what, fix = _reason(error)
            raise ModelDown(
                f"No model answers at {self._settings.url}: {what}.", fix=fix
            ) from error


def _reason(error: Exception) -> Reason:
    hidden = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
    cause = hidden or error
    if isinstance(cause, OSError):  # a timeout, too
        return reason_of(cause, "model")
    return Reason("what answers there is no whole answer of HTTP", "Correct “url” under [model].")
