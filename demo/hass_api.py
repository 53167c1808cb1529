"""A client of Home Assistant's own API. Owns REST and WebSocket calls with one token."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from demo.errors import DemoError


class HassApi:
    """Home Assistant over HTTP and one WebSocket; a context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._token = token
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._session = aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._close_socket()
        await self._session.close()

    async def _close_socket(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        self._reader = self._socket = None

    async def get(self, path: str) -> Any:
        """The JSON answer to a GET of `path`."""
        return await self._rest("GET", path, None)

    async def post(self, path: str, body: object) -> Any:
        """The JSON answer to a POST of `body` to `path`."""
        return await self._rest("POST", path, body)

    async def _rest(self, method: str, path: str, body: object) -> Any:
        async with self._session.request(method, path, json=body) as response:
            if response.status >= 400:
                raise DemoError(
                    f"Home Assistant answered {method} {path} with {response.status}: "
                    f"{await response.text()}"
                )
            return await response.json()

    async def reachable(self) -> bool:
        """Whether Home Assistant answers and has started."""
        try:
            return bool((await self.get("/api/config"))["state"] == "RUNNING")
        except (aiohttp.ClientError, TimeoutError, DemoError):
            return False

    async def state(self, entity_id: str) -> dict[str, Any] | None:
        """An entity's state, or None when there is no such entity."""
        async with self._session.get(f"/api/states/{entity_id}") as response:
            return await response.json() if response.status == 200 else None

    async def states(self) -> list[dict[str, Any]]:
        """Every state."""
        states: list[dict[str, Any]] = await self.get("/api/states")
        return states

    async def act(self, action: str, data: dict[str, Any]) -> None:
        """Perform an action, `domain.name`, by REST."""
        domain, name = action.split(".")
        await self.post(f"/api/services/{domain}/{name}", data)

    async def command(self, kind: str, **members: Any) -> Any:
        """The result of one WebSocket command; connects when not connected."""
        return await self._send(next(self._ids), {"type": kind, **members})

    @asynccontextmanager
    async def events(self, kind: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """Home Assistant's events of one kind, as they come."""
        number = next(self._ids)
        queue = self._events[number] = asyncio.Queue()
        await self._send(number, {"type": "subscribe_events", "event_type": kind})
        try:
            yield queue
        finally:
            del self._events[number]
            await self.command("unsubscribe_events", subscription=number)

    async def _send(self, number: int, message: dict[str, Any]) -> Any:
        socket = self._socket
        if socket is None or socket.closed or self._reader is None or self._reader.done():
            socket = await self._connect()
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await socket.send_json({"id": number, **message})
            return await asyncio.wait_for(answer, 30)
        finally:
            del self._answers[number]

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        await self._close_socket()
        socket = self._socket = await self._session.ws_connect(
            "/api/websocket", max_msg_size=0, heartbeat=30
        )
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": self._token})
        answer = await socket.receive_json()
        if answer["type"] != "auth_ok":
            raise DemoError(
                f"Home Assistant refused the demo's token: {answer.get('message')}.",
                fix="Delete the demo's state folder and start it again.",
            )
        self._reader = asyncio.create_task(self._read(socket), name="read Home Assistant")
        return socket

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            message = frame.json()
            number = message.get("id")
            if message["type"] == "event" and number in self._events:
                self._events[number].put_nowait(message["event"])
            elif message["type"] == "result" and (answer := self._answers.get(number)):
                if message["success"]:
                    answer.set_result(message["result"])
                else:
                    error = message["error"]
                    answer.set_exception(
                        DemoError(f"Home Assistant: {error['message']} ({error['code']})")
                    )
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(DemoError("Home Assistant closed the connection."))
