import re
from pathlib import Path

import pytest

from herdbook.crypto.recovery import new_recovery_code
from herdbook.llama.pending import LIMIT_MS
from tests.llama.panel.stage import PASSWORD, Browser, Stage, stage

FORM = {"name": "Ada", "password": PASSWORD, "again": PASSWORD}


def _code(page: str) -> str:
    return "-".join(re.findall(r"<span>([0-9A-Z]{4})</span>", page))


async def test_the_whole_way_to_the_first_page(browser: Browser, set_up: Stage) -> None:
    first = await browser.get("/")
    assert first.url.path == "/create"
    assert "losing both the password and the recovery code" in (await first.text()).lower()

    shown = await browser.post("/create", FORM)
    assert shown.url.path == "/create/code"
    code = _code(await shown.text())
    assert len(code) == 39
    assert set_up.vaults.people.all() == [], "nothing is on disk before the code was typed back"

    assert _code(await browser.page("/create/code")) == code, "a reload shows the same code"
    assert code not in await browser.page("/create/confirm")
    assert "half made" in await browser.page("/create"), "going back to the start loses nothing"
    assert _code(await browser.page("/create/code")) == code

    done = await browser.post("/create/confirm", {"code": code.lower().replace("-", "  ")})
    assert done.url.path == f"/day/{set_up.today}"
    assert "A blank page" in await done.text()
    assert [person.name for person in set_up.vaults.people.all()] == ["Ada"]


async def test_the_code_is_never_shown_once_the_vault_is_made(browser: Browser) -> None:
    code = _code(await (await browser.post("/create", FORM)).text())
    await browser.post("/create/confirm", {"code": code})
    for path in ("/create/code", "/create/confirm", "/create"):
        page = await browser.get(path)
        assert page.url.path.startswith("/day/")
        assert code not in await page.text()


async def test_another_browser_does_not_see_the_code(set_up: Stage, browser: Browser) -> None:
    await browser.post("/create", FORM)
    async with set_up.browser() as other:
        assert (await other.get("/create/code")).url.path == "/create"
        assert (await other.post("/create/confirm", {"code": "x"})).url.path == "/create"


async def test_a_code_typed_wrong_may_be_typed_again(browser: Browser) -> None:
    code = _code(await (await browser.post("/create", FORM)).text())
    for wrong, told in (
        ("", "32 of 32 letters and digits are missing"),
        (code[:9], "24 of 32 letters and digits are missing"),
        (f"{code} 7-7", "this has 2 more"),
        (new_recovery_code(), "not this vault’s code"),
    ):
        answer = await browser.post("/create/confirm", {"code": wrong})
        assert answer.status == 422
        assert told in await answer.text()
    assert (await browser.post("/create/confirm", {"code": code})).status == 200


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"again": "something else"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "at least 8"),
        ({"name": "   "}, "A name has"),
    ],
)
async def test_a_form_that_cannot_be_used_says_why_and_keeps_no_password(
    browser: Browser, change: dict[str, str], told: str
) -> None:
    answer = await browser.post("/create", FORM | change)
    page = await answer.text()
    assert answer.status == 422
    assert told in page
    assert PASSWORD not in page
    assert browser.token() == ""
    field = "name" if "name" in change else "password"
    assert re.search(rf'<input id="{field}"[^>]* autofocus>', page)
    assert page.count("autofocus") == 1
    assert "Step 1 of 3" in page


async def test_a_vault_that_nobody_is_named_for_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """people.json is gone: the page must not look as if nothing had ever been here."""
    async with stage(tmp_path) as made:
        vault_id = (await made.person("Ada")).person.vault_id
        async with made.browser() as browser:
            assert "nothing says whose" not in await browser.page("/create")
    (tmp_path / "people.json").unlink()
    async with stage(tmp_path) as made, made.browser() as browser:
        assert vault_id in caplog.text
        assert "herdbook vault import --name" in caplog.text
        assert "nothing says whose" in await browser.page("/create")
        await made.person("Ben")
    assert (tmp_path / "vaults" / vault_id / "journal.db").exists()


async def test_a_name_is_taken_once(set_up: Stage, browser: Browser) -> None:
    await set_up.person("Ada")
    answer = await browser.post("/create", FORM | {"name": "ADA"})
    assert answer.status == 422
    assert "That name is taken." in await answer.text()


async def test_an_expired_creation_starts_over(set_up: Stage, browser: Browser) -> None:
    code = _code(await (await browser.post("/create", FORM)).text())
    set_up.clock.advance(LIMIT_MS)
    assert (await browser.get("/create/code")).url.path == "/create"
    assert (await browser.post("/create/confirm", {"code": code})).url.path == "/create"
    assert set_up.vaults.people.all() == []


async def test_no_secret_stands_in_an_address(browser: Browser) -> None:
    answer = await browser.post("/create", FORM)
    code = _code(await answer.text())
    done = await browser.post("/create/confirm", {"code": code})
    for response in (*answer.history, answer, *done.history, done):
        assert response.url.query_string == ""
        assert "Ada" not in response.url.path
