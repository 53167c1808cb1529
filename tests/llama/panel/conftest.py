from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.llama.panel.stage import Browser, Stage, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """A panel on which nobody has a vault."""
    async with stage(tmp_path) as made:
        yield made


@pytest.fixture
async def browser(set_up: Stage) -> AsyncIterator[Browser]:
    """A browser that has not signed in."""
    async with set_up.browser() as opened:
        yield opened


@pytest.fixture
async def ada(set_up: Stage, browser: Browser) -> Browser:
    """A browser in which Ada is signed in, her vault unlocked."""
    await set_up.person("Ada")
    response = await browser.sign_in()
    assert response.url.path == f"/day/{set_up.today}"
    return browser
