"""A double of the Llama: a real aiohttp server that speaks docs/api.md, and does as it is told."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "contract" / "api" / "messages.json").read_text("utf-8")
)
TOKEN = "the-token-of-this-llama"
LLAMA_ID = GOLDEN["hello"]["llama_id"]
NODE_ID = GOLDEN["start_result"]["result"]["nodes"][0]["node_id"]
ATTIC_ID = GOLDEN["event_node"]["data"]["node_id"]


class LlamaDouble:
    """Answers on a free port of loopback. Change its members to change what it says."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.hello: Any = copy.deepcopy(GOLDEN["hello"])
        self.snapshot: Any = copy.deepcopy(GOLDEN["start_result"]["result"])
        self.commands: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = self.succeed
        self.starts = 0
        self.port = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/api/ws", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self.hang_up()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def hang_up(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def push(self, message: Any) -> None:
        for socket in list(self._sockets):
            await socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def tell(self, event: str, data: Any) -> None:
        await self.push({"type": "event", "event": event, "data": data})

    def succeed(self, command: dict[str, Any]) -> dict[str, Any] | None:
        results = {
            "write_entry": {"sealed": True},
            "approve_node": {"approved": True},
            "recall": GOLDEN["recall_result"]["result"],
        }
        return {"id": command["id"], "type": "result", "result": results[command["type"]]}

    def fail_with(self, code: str, message: str = "It went wrong.") -> None:
        self.answer = lambda command: {
            "id": command["id"],
            "type": "error",
            "code": code,
            "message": message,
            "fix": "Do better.",
        }

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"code": "unauthorized", "message": "", "fix": ""}, status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            if self.hello is not None:
                hello = self.hello
                await socket.send_str(hello if isinstance(hello, str) else json.dumps(hello))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._command(socket, json.loads(message.data))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _command(self, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        if command["type"] == "start":
            self.starts += 1
            result = {"id": command["id"], "type": "result", "result": self.snapshot}
            await socket.send_str(json.dumps(result))
            return
        self.commands.append(command)
        answer = self.answer(command)
        if answer is not None:
            await socket.send_str(json.dumps(answer))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait for a condition; its value. Fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        assert asyncio.get_running_loop().time() < deadline, "it never came true"
        await asyncio.sleep(0.01)
    return value
