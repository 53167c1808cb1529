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


SPOKEN = re.compile(r"\bAI\b|model|meaning|vector", re.IGNORECASE)
SWITCH = re.compile(r'<label class="tick"><input type="checkbox" name="ai".*?</label>\s*<p.*?</p>')
CHOSEN = {"lock_after_min": "15"}


def spoken(page: str) -> list[str]:
    """The lines of a page that speak of a model."""
    return [line for line in page.splitlines() if SPOKEN.search(line)]


async def test_switched_off_no_page_speaks_of_it(with_model: Stage) -> None:
    async with with_model.browser() as browser, with_model.browser() as other:
        await browser.sign_in()
        await other.sign_in()
        day = f"/day/{with_model.today}"
        await browser.post(f"{day}/entries", {"text": CAT})
        await wait_until_whole(with_model)
        page = await (await browser.post("/settings", CHOSEN)).text()
        (switch,) = SWITCH.findall(page)
        assert "checked" not in switch
        assert spoken(page.replace(switch, "")) == []
        for path in (day, "/search", "/traces", "/calendar", "/help", "/exchange", "/weekdays"):
            assert spoken(await browser.page(path)) == [], path
        assert "Search goes by words.</p>" in await browser.page("/search")
        found = await asked(browser, "our pet was ill ")
        assert "All of its words have to be" in found
        assert spoken(found) == []
        assert (await other.get("/settings/meaning")).status == 200
        assert (await other.page("/settings/meaning")).strip() == "", "an open page asks no more"
        page = await (await browser.post("/settings", CHOSEN | {"ai": "1"})).text()
        assert re.search('name="ai" value="1" checked>', page)
        assert 'id="meaning"' in page
        await wait_until_whole(with_model)
        assert CAT in await asked(browser, "our pet was ill ")


@pytest.mark.parametrize("chosen", [{}, {"ai": "1"}])
async def test_the_house_has_it_off_for_everybody(tmp_path: Path, chosen: dict[str, str]) -> None:
    """That is said once, where one would look for it; what a person chose is kept for later."""
    async with stage(tmp_path) as set_up, set_up.browser() as browser:
        await set_up.person("Ada")
        await browser.sign_in()
        await browser.post("/settings", CHOSEN | chosen)
    async with stage(tmp_path, model=Model(off=True)) as set_up, set_up.browser() as browser:
        await browser.sign_in()
        page = await browser.page("/settings")
        said = '<p class="hint">AI is switched off for this house.</p>'
        hidden = '<input type="hidden" name="ai" value="1">'
        assert said in page
        assert (hidden in page) == bool(chosen)
        assert spoken(page.replace(said, "").replace(hidden, "")) == []
        assert "Search goes by words.</p>" in await browser.page("/search")
        form = CHOSEN | dict(re.findall(r'<input type="hidden" name="(ai)" value="(1)">', page))
        await browser.post("/settings", form)
        assert (await browser.page("/settings/meaning")).strip() == ""
        ada = set_up.vaults.people.find(name="Ada")
        assert set_up.vaults._open[ada.id].settings.ai == bool(chosen)


async def test_how_far_it_has_come_is_said_and_shown(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()  # nobody says that it has come: what is kept waits
    model.embedder, model.state = embedder, "ready"
    async with stage(tmp_path, model=model) as set_up, set_up.browser() as browser:
        opening = await set_up.person("Ada")
        await browser.sign_in()
        await browser.post(f"/day/{set_up.today}/entries", {"text": CAT})
        page = await asked(browser, "our pet was ill ")
        assert "0 of 1 entries so far" in page
        assert "none is near" not in page, "nobody has looked yet"
        page = await browser.page("/settings")
        assert '<progress class="progress" aria-labelledby="meaning" max="1" value="0">' in page
        part = await browser.page("/settings/meaning")
        assert part.count("0 of 1") == 1
        assert part.count('<section class="meaning"') == 1
        assert 'hx-trigger="every 2s"' in part
        await set_up.vaults.journal(opening).meaning.catch_up(embedder)
        part = await browser.page("/settings/meaning")
        assert "Your one entry can be found" in part
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
