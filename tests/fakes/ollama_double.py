"""A double of Ollama, written from its API documentation (docs/api.md of ollama/ollama, chat).

No Ollama server can be had where the tests run. What it answers is what a test puts into it; what
it was asked is kept. Only ``POST /api/chat`` without streaming, and ``GET /api/ps``.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class OllamaDouble:
    """`answers` are given in turn, the last one again and again; a number is a status."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[str | int] = ["{}"]
        self.given_up = 0
        self.loaded: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def ps(self, _: web.Request) -> web.Response:
        models = [{"name": name, "model": name, "size": 1} for name in self.loaded]
        return web.json_response({"models": models})

    async def chat(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            if 300 <= answer < 400:
                return web.Response(status=answer, headers={"Location": "http://127.0.0.1:1/"})
            return web.json_response({"error": f"it is {answer}"}, status=answer)
        return web.json_response(
            {
                "model": self.asked[-1]["model"],
                "created_at": "2026-11-21T10:00:00.000000000Z",
                "message": {"role": "assistant", "content": answer},
                "done": True,
                "done_reason": "stop",
                "total_duration": 1,
                "eval_count": len(json.dumps(answer)),
            }
        )


@asynccontextmanager
async def ollama_double() -> AsyncIterator[OllamaDouble]:
    """One that listens, for as long as the block lasts."""
    double = OllamaDouble()
    app = web.Application()
    app.router.add_post("/api/chat", double.chat)
    app.router.add_get("/api/ps", double.ps)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [(host, port)] = [address[:2] for address in runner.addresses]
    double.url = f"http://{host}:{port}"
    try:
        yield double
    finally:
        double.hold.set()
        await runner.cleanup()
