"""A client of the Llama's API, as docs/api.md documents it. Owns what the demo asks of it."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp

from demo.errors import DemoError


class LlamaApi:
    """One connection to the Llama's API; a context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._session = aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"})
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._last_id = 0
        self.nodes: dict[str, dict[str, Any]] = {}

    async def __aenter__(self) -> Self:
        try:
            self._socket = await self._session.ws_connect("/api/ws")
            hello = await self._socket.receive_json()
            snapshot = await self.command("start", schema=hello["schema"])
        except BaseException:
            await self._session.close()
            raise
        self.nodes = {node["node_id"]: node for node in snapshot["nodes"]}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._session.close()

    async def command(self, kind: str, **members: Any) -> Any:
        """The result of one command. Raises `DemoError` with the Llama's own words."""
        if self._socket is None:
            raise DemoError("The connection to the Llama is not open.")
        self._last_id += 1
        await self._socket.send_json({"id": self._last_id, "type": kind, **members})
        async for frame in self._socket:
            message = frame.json()
            if message.get("id") == self._last_id:
                if message["type"] == "error":
                    raise DemoError(f"The Llama: {message['message']}", fix=message["fix"])
                return message["result"]
        raise DemoError("The Llama closed the connection.")

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What happens from now on, until the Llama closes. No commands meanwhile."""
        if self._socket is None:
            raise DemoError("The connection to the Llama is not open.")
        async for frame in self._socket:
            yield frame.json()


async def approve(url: str, token: str, node_id: str) -> bool:
    """Approve one node, if it has said hello already; whether it is approved now."""
    async with LlamaApi(url, token) as llama:
        node = llama.nodes.get(node_id)
        if node is None:
            return False
        if not node["approved"]:
            await llama.command("approve_node", node_id=node_id)
    return True
