"""A Llama in a process of its own, with Home Assistant connected to it, and browsers."""

import asyncio
import json
import re
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, FormData

from tests.llama import watched
from tests.memory import image_of
from tests.mosquitto import free_port

HTMX = {"HX-Request": "true"}


@dataclass
class Browser:
    """One browser: its cookies, and the manners of a page of the panel."""

    session: ClientSession

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(path) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, /, **fields: str) -> str:
        async with self.session.post(path, data=fields, headers=HTMX) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.text()

    async def write(self, day: str, text: str, **fields: str) -> None:
        await self.post(f"/day/{day}/entries", text=text, key=secrets.token_hex(16), **fields)

    async def attach(self, day: str, name: str, data: bytes, key: str) -> str:
        """Bring a file into a writing field; its address."""
        form = FormData(default_to_multipart=True)
        form.add_field("key", key)
        form.add_field("file", BytesIO(data), filename=name)
        async with self.session.post(f"/day/{day}/files", data=form, headers=HTMX) as answer:
            page = await answer.text()
            assert answer.status == 200, page
        return f"/file/{re.findall(r'/files/([0-9a-f]{32})/remove', page)[-1]}"

    async def bring(self, data: bytes) -> str:
        """Have a journal looked into; what the page says it would add."""
        form = FormData(default_to_multipart=True)
        form.add_field("file", BytesIO(data), filename="journal")
        async with self.session.post("/exchange/upload", data=form) as answer:
            assert answer.status == 200
            return await answer.text()

    async def take_out(self, kind: str) -> bytes:
        """The whole journal in a file."""
        async with self.session.post("/exchange/take-out", data={"kind": kind}) as answer:
            assert answer.status == 200
            return await answer.read()

    async def fetch(self, path: str) -> bytes:
        async with self.session.get(path) as answer:
            assert answer.status == 200
            return await answer.read()

    async def code(self, path: str) -> str:
        _, page = await self.get(path)
        return "-".join(re.findall(r"<span>([0-9A-Z]{4})</span>", page))


@dataclass
class Llama:
    """A running one, its folder, and how to ask it."""

    process: asyncio.subprocess.Process
    folder: Path
    url: str
    api: ClientWebSocketResponse
    stack: AsyncExitStack

    async def browser(self) -> Browser:
        session = ClientSession(
            self.url, headers={"Sec-Fetch-Site": "same-origin"}, cookie_jar=CookieJar(unsafe=True)
        )
        return Browser(await self.stack.enter_async_context(session))

    async def ask(self, question: str) -> object:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{question}\n".encode())
        return json.loads(await self.process.stdout.readline())

    async def finds(self, wanted: Mapping[str, bytes]) -> set[str]:
        """Which of these stand in its memory now."""
        await self.ask("show")

        def look() -> set[str]:
            image = image_of(self.process.pid)
            return {name for name, form in wanted.items() if form in image}

        return await asyncio.to_thread(look)

    async def command(self, **command: object) -> object:
        """What the Llama answers, as Home Assistant asks it."""
        await self.api.send_json({"id": 1, **command})
        while (message := await self.api.receive_json())["type"] != "result":
            pass
        return message["result"]

    async def drop(self, text: str) -> None:
        sealed = await self.command(type="write_entry", text=text, person={"name": "Ada"})
        assert sealed == {"sealed": True}


@asynccontextmanager
async def running(
    folder: Path, model: Path | None = None, *, ai: bool = True
) -> AsyncIterator[Llama]:
    """A Llama that Home Assistant is connected to; with `model` it searches by meaning."""
    panel, api, broker = free_port(), free_port(), free_port()
    config = folder / "llama.toml"
    config.write_text(
        f'data = "data"\nai = {str(ai).lower()}\n'
        f"[panel]\nport = {panel}\n[api]\nport = {api}\n[broker]\nport = {broker}\n"
        + (f'[search]\nmodel = "{model}"\n' if model else "")
    )
    async with AsyncExitStack() as stack:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, watched.__file__, "llama", "run", "--config", config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout
            assert b"ready" in await process.stdout.readline()
            token = (folder / "data" / "api_token").read_text().strip()
            session = await stack.enter_async_context(ClientSession())
            socket = await session.ws_connect(
                f"http://127.0.0.1:{api}/api/ws", headers={"Authorization": f"Bearer {token}"}
            )
            url = f"http://127.0.0.1:{panel}"
            llama = Llama(process, folder / "data", url, socket, stack)
            await llama.command(type="start", schema=1)
            yield llama
        finally:
            await stack.aclose()
            process.terminate()
            await process.wait()
    assert process.returncode == 0
