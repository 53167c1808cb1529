"""A real node with a page, its control socket, and a browser's manners. There is no broker."""

import asyncio
import contextlib
import http.client
import json
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar

from herdbook.alpaca import agent
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.page.secret import load_or_create
from herdbook.alpaca.page.settings import PageSettings
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.broker import BrokerSettings
from tests.mosquitto import free_port

NO_MODEL = NodeModel()
HERE = {"Sec-Fetch-Site": "same-origin"}
HOSTILE = "<script>alert(1)</script> & “lost”"


class Socket(http.client.HTTPConnection):
    """HTTP over the Unix socket in a folder, by its descriptor: the path may be too long."""

    def __init__(self, folder: Path) -> None:
        super().__init__("node")
        self._folder = folder

    def connect(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(f"/proc/self/fd/{descriptor}/alpaca.sock")
        finally:
            os.close(descriptor)


@dataclass
class Stage:
    """A running node."""

    folder: Path
    page: PageSettings
    node_id: str

    @property
    def data(self) -> Path:
        return self.folder / "node"

    @property
    def token(self) -> str:
        return load_or_create(self.data)

    def write(self, value: object) -> None:
        (self.folder / "value").write_text(f"{value}\n")

    async def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """What the control socket answers."""

        def run() -> tuple[int, Any]:
            with contextlib.closing(Socket(self.data)) as connection:
                connection.request(method, path, body)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())

        return await asyncio.to_thread(run)

    async def until(self, path: str, part: str) -> Any:
        """The answer to a question once it has something in it."""
        async with asyncio.timeout(15):
            while True:
                _, answer = await self.ask("GET", path)
                if part in json.dumps(answer, ensure_ascii=False):
                    return answer
                await asyncio.sleep(0.02)

    @contextlib.asynccontextmanager
    async def browser(self, *, signed_in: bool = True) -> AsyncIterator[ClientSession]:
        async with ClientSession(
            self.page.address, headers=HERE, cookie_jar=CookieJar(unsafe=True)
        ) as session:
            if signed_in:
                async with session.post("/sign-in", data={"token": self.token}) as answer:
                    assert answer.url.path == "/", await answer.text()
            yield session


def config_of(folder: Path, page: PageSettings | None, model: NodeModel = NO_MODEL) -> AlpacaConfig:
    (folder / "value").write_text("50\n")
    boiler = FileConfig(
        id="boiler", name="Boiler", path=str(folder / "value"), interval=0.1, unit="°C", quiet=0,
        usual=(20, 90),
    )  # fmt: skip
    lost = FileConfig(id="lost", name=HOSTILE, path=str(folder / "nowhere"), interval=0.1)
    return AlpacaConfig(
        name="Hallway <b>",
        data=folder / "node",
        broker=BrokerSettings(port=free_port()),
        sensor=(boiler, lost),
        page=page,
        model=model,
    )


@contextlib.asynccontextmanager
async def stage(
    folder: Path,
    *,
    write: bool = False,
    hosts: tuple[str, ...] = (),
    port: int | None = None,
    model: NodeModel = NO_MODEL,
) -> AsyncIterator[Stage]:
    page = PageSettings(port=port or free_port(), write=write, hosts=hosts)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        agent.run(config_of(folder, page, model), on_ready=ready.set_result)
    )
    try:
        await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        made = Stage(folder, page, ready.result())
        await made.until("/v1/sensors", "50.0")
        yield made
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
