"""Ollama, by its own client. Imported only where it is switched on: ``herdbook[model]``.

That client trusts its server: it reads an answer however long it is, and fails in any way over one
that is no Ollama's. So what reaches it is bounded, and how it fails is all the same here.
"""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
import ollama

from herdbook.errors import ModelDown, ModelRefused
from herdbook.llm.bounded import BoundedTransport, TooLong
from herdbook.llm.engine import Schema, Turn
from herdbook.llm.quoting import quoted
from herdbook.llm.settings import ModelSettings
from herdbook.llm.statuses import fix_for, passes

_CONNECT_S: Final = 10.0
_LOADED_S: Final = 10.0
_MISSING: Final = 404
# What its client raises over JSON that is not what it expects, or nested without end.
_NO_OLLAMA: Final = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


class OllamaEngine:
    """See `herdbook.llm.engine.Engine`."""

    def __init__(self, settings: ModelSettings) -> None:
        """Raises `ConfigError` for a certificate authority that cannot be used."""
        self._settings = settings
        key = settings.api_key
        self._client = ollama.AsyncClient(
            host=settings.url,
            timeout=httpx.Timeout(settings.timeout, connect=_CONNECT_S),
            # No other host, whatever the server or this machine's environment says.
            follow_redirects=False,
            trust_env=False,
            transport=BoundedTransport(
                verify=settings.tls() if (settings.url or "").startswith("https") else True
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # they tell who asks again
            headers={"Accept-Encoding": "identity"}
            | ({} if key is None else {"Authorization": f"Bearer {key}"}),
        )

    async def complete(self, turns: list[Turn], schema: Schema, most_tokens: int) -> str:
        """See `Engine`."""
        try:
            answer = await self._client.chat(
                model=self._settings.model,
                messages=[{"role": turn.role, "content": turn.content} for turn in turns],
                format=schema,
                options={"temperature": 0.2, "num_predict": most_tokens},
                keep_alive=self._settings.keep_alive,
                stream=False,
            )
        except TooLong as error:
            raise ModelRefused("The model's answer is larger than any we take.") from error
        except ollama.ResponseError as error:
            said = quoted(str(error.error))
            quote = f": “{said}”." if said else "."
            if error.status_code == _MISSING:
                raise ModelRefused(
                    f"Ollama has no model “{self._settings.model}”{quote}",
                    fix=f"Run “ollama pull {self._settings.model}” there.",
                ) from error
            if passes(error.status_code):
                raise ModelDown(f"Ollama cannot answer now{quote}") from error
            raise ModelRefused(
                f"Ollama refused, by status {error.status_code}{quote}",
                fix=fix_for(error.status_code),
            ) from error
        except ConnectionError as error:
            raise self._down("it cannot be connected to") from error
        except httpx.HTTPError as error:
            raise self._down(quoted(str(error)) or type(error).__name__) from error
        except _NO_OLLAMA as error:
            raise ModelDown(
                f"What answers at {self._settings.url} is no Ollama.",
                fix="Correct “url” under [model].",
            ) from error
        return answer.message.content or ""

    def _down(self, what: str) -> ModelDown:
        return ModelDown(
            f"Ollama does not answer at {self._settings.url}: {what}.",
            fix="Check that it runs, and “url” under [model].",
        )

    async def is_loaded(self) -> bool:
        """See `Engine`. Where it does not say, it is not."""
        try:
            async with asyncio.timeout(_LOADED_S):
                running = (await self._client.ps()).models
        except (ollama.ResponseError, ConnectionError, httpx.HTTPError, TimeoutError, *_NO_OLLAMA):
            return False
        wanted = self._settings.model
        names = {name for one in running for name in (one.model, one.name) if name}
        return bool(names & {wanted, f"{wanted}:latest"})

    async def close(self) -> None:
        """See `Engine`."""
        await self._client.close()  # type: ignore[no-untyped-call] # of httpx
