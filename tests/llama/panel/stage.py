"""A panel on real vaults and a real house book, in a temporary folder, with a browser's manners."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from herdbook.clock import day_of
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.embedding.model import Model
from herdbook.house.book import HouseBook
from herdbook.llama.herd.ways import Ways
from herdbook.llama.opening import Opening
from herdbook.llama.panel.routes import panel_app
from herdbook.llama.vaults import Vaults
from tests.fakes.clock import ManualClock

ZONE = ZoneInfo("Europe/Amsterdam")
PASSWORD = "four quite unrelated words"
FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
BROWSER = {"Sec-Fetch-Site": "same-origin"}
CONNECTED = Ways("connected", http=False)
HTMX = {"HX-Request": "true"}


@dataclass
class Browser:
    """One browser: its own cookies, the manners of a same-origin page."""

    client: TestClient[Any, Any]
    base: str

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await _whole(await self.client.get(self.base + path, **options))

    async def post(self, path: str, data: Any = None, **options: Any) -> ClientResponse:
        return await _whole(await self.client.post(self.base + path, data=data or {}, **options))

    async def page(self, path: str, status: int = 200) -> str:
        response = await self.get(path)
        assert response.status == status, await response.text()
        return await response.text()

    async def sign_in(self, name: str = "Ada", secret: str = PASSWORD) -> ClientResponse:
        return await self.post("/sign-in", {"name": name, "secret": secret})

    async def field(self, path: str) -> dict[str, str]:
        """What a day's page says of its writing field beside the text."""
        page = await self.page(path)
        state = page[page.index('id="field-state"') : page.index('id="words"')]
        return dict(re.findall(r'<input [^>]*?name="(\w+)"[^>]*? value="([^"]*)"', state))

    def token(self) -> str:
        """The session's token, or an empty text."""
        cookies = {cookie.key: cookie.value for cookie in self.client.session.cookie_jar}
        return cookies.get("herdbook", "")


async def _whole(response: ClientResponse) -> ClientResponse:
    """The response, its body read: its connection is free again."""
    await response.read()
    return response


@dataclass
class Stage:
    """A panel and what is behind it."""

    vaults: Vaults
    book: HouseBook
    clock: ManualClock
    server: TestServer
    base: str

    @property
    def today(self) -> date:
        return day_of(self.clock.wall_ms(), ZONE)

    async def person(self, name: str = "Ada") -> Opening:
        """Somebody with an unlocked vault."""
        creation = await self.vaults.creations.begin(name, PASSWORD)
        return await self.vaults.finish_creation(creation.token, creation.recovery_code)

    @asynccontextmanager
    async def browser(self, headers: Mapping[str, str] = BROWSER) -> AsyncIterator[Browser]:
        client = TestClient(self.server, headers=headers)
        try:
            yield Browser(client, self.base)
        finally:
            # Not the client's own close: that takes the server down with it.
            await client.session.close()


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    base_path: str = "",
    stripped: bool = False,
    secure: bool = False,
    supervisor: str | None = None,
    model: Model | None = None,
    ways: Ways = CONNECTED,
) -> AsyncIterator[Stage]:
    """A panel; `stripped` has it asked as by a proxy that takes the base path off.

    With `supervisor` it is one for Home Assistant's ingress; with `model` it searches by meaning.
    """
    clock = ManualClock()
    async with AsyncExitStack() as opened:
        vaults = Vaults(folder, clock, ZONE, FAST, model)
        opened.push_async_callback(vaults.close)
        book = await HouseBook.open(folder, clock, ZONE)
        opened.push_async_callback(book.close)
        hosts = frozenset({"journal.example"})
        app = panel_app(
            vaults,
            book,
            book,
            clock,
            ZONE,
            base_path,
            secure,
            hosts=hosts,
            supervisor=supervisor,
            recall=book.recall(model or Model()),
            ways=lambda: ways,
        )
        server = TestServer(app, host="127.0.0.1")
        opened.push_async_callback(server.close)
        await server.start_server(access_log=None)
        yield Stage(vaults, book, clock, server, "" if stripped else base_path)
