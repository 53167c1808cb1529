"""Search by meaning on the panel: what is shown of it, and what it says where there is none."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model, ModelState
from tests.llama.panel.stage import HTMX, PASSWORD, Browser, Stage, stage
from tests.model import embedder as embedder
from tests.model import model as model

CAT = "Took Minka to the vet, she has not eaten for two days."
IDLE_LIMIT_MS = 15 * 60_000


@pytest.fixture
async def with_model(tmp_path: Path, model: Model) -> AsyncIterator[Stage]:
    async with stage(tmp_path, model=model) as set_up:
        await set_up.person("Ada")
        yield set_up


async def asked(browser: Browser, typed: str) -> str:
    return await (await browser.post("/search", {"query": typed}, headers=HTMX)).text()


async def test_the_page_says_what_can_be_asked(with_model: Stage) -> None:
    async with with_model.browser() as browser:
        await browser.sign_in()
        assert "marked “by meaning”" in await browser.page("/search")
        assert "none is near to what they mean" in await asked(browser, "our pet was ill ")
        assert "All of its words have to be" in await asked(browser, '"our pet was ill"')


async def wait_until_whole(set_up: Stage) -> None:
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    async with asyncio.timeout(20):
        while await journal.meaning.unfinished():
            await asyncio.sleep(0.02)


async def test_what_is_found_by_meaning_is_shown_as_such(with_model: Stage) -> None:
    async with with_model.browser() as browser:
        await browser.sign_in()
        await browser.post(f"/day/{with_model.today}/entries", {"text": CAT})
        await wait_until_whole(with_model)
        page = await asked(browser, "our pet was ill ")
        assert CAT in page
        assert "by meaning</span>" in page
        assert "found-note" not in page
        page = await asked(browser, "minka ")
        assert "<mark>Minka</mark>" in page
        assert "by meaning</span>" not in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("none", "none is named"),
        ("missing", "is not there yet"),
        ("loading", "until the model for meaning is loaded"),
        ("unusable", "cannot be used"),
    ],
)
async def test_search_by_words_only_says_so_and_why(
    tmp_path: Path, state: ModelState, said: str
) -> None:
    model = Model()
    model.state = state
    async with stage(tmp_path, model=model) as set_up, set_up.browser() as browser:
        await set_up.person("Ada")
        await browser.sign_in()
        for page in (await browser.page("/search"), await asked(browser, "snow ")):
            (note,) = re.findall(r'class="found-note">(.*?)<a', page)
            assert said in note
        page = await browser.page("/settings")
        assert 'id="meaning"' in page
        assert ('hx-get="/settings/meaning"' in page) == (state in ("missing", "loading"))


async def test_how_far_it_has_come_is_said_and_shown(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()  # nobody says that it has come: what is kept waits
    model.embedder, model.state = embedder, "ready"
    async with stage(tmp_path, model=model) as set_up, set_up.browser() as browser:
        opening = await set_up.person("Ada")
        await browser.sign_in()
        await browser.post(f"/day/{set_up.today}/entries", {"text": CAT})
        assert "0 of 1 entries so far" in await asked(browser, "our pet was ill ")
        page = await browser.page("/settings")
        assert '<progress class="progress" aria-labelledby="meaning" max="1" value="0">' in page
        part = await browser.page("/settings/meaning")
        assert part.count("0 of 1") == 1
        assert 'hx-trigger="every 2s"' in part
        await set_up.vaults.journal(opening).meaning.catch_up(embedder)
        part = await browser.page("/settings/meaning")
        assert "All 1 entries" in part
        assert "hx-trigger" not in part, "nothing is left to look for"
        assert "found-note" not in await asked(browser, "our pet was ill ")


async def test_looking_on_is_no_use_and_ends_with_the_vault(with_model: Stage) -> None:
    async with with_model.browser() as browser:
        await browser.sign_in()
        with_model.clock.advance(IDLE_LIMIT_MS - 1)
        assert (await browser.get("/settings/meaning", headers=HTMX)).status == 200
        with_model.clock.advance(2)
        await with_model.vaults.lock(with_model.vaults.people.find(name="Ada").id)
        answer = await browser.get("/settings/meaning", headers=HTMX)
        assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/")
