"""For end-to-end tests: a whole running product (see the `demo` package), or a panel alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from demo.folder import Folder
from demo.narrator import Narrator
from demo.product import Product
from demo.walk.visit import Visit, visit
from tests.e2e.tab import FLAGS, Tab, tab
from tests.llama.panel.stage import Stage, stage


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The whole product over a folder of its own."""
    state: Path = tmp_path_factory.mktemp("product")
    with Folder(state) as folder:
        async with Product(folder, Narrator()) as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walk(product: Product) -> AsyncIterator[Visit]:
    """A browser beside it, and a person."""
    async with visit(product) as walking:
        yield walking


@pytest_asyncio.fixture(loop_scope="module")
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def ada(chromium: Browser, set_up: Stage) -> AsyncIterator[Tab]:
    """A tab in which Ada is signed in, on today's page."""
    await set_up.person("Ada")
    async with tab(chromium, set_up) as opened:
        await opened.sign_in()
        yield opened
