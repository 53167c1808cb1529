import logging

import pytest

from herdbook.errors import VaultDamaged
from tests.llama.panel.stage import HTMX, Browser, Stage

CANARY = "the heron stood in the frost"


async def test_an_unknown_page_says_where_to_go(browser: Browser) -> None:
    for path in ("/nowhere", "/day", "/static/0000/panel.css", "/static/../sessions.py"):
        page = await browser.page(path, 404)
        assert "There is no such page" in page
        assert "Go to today" in page


async def test_a_method_that_is_not_for_this_address(browser: Browser) -> None:
    answer = await browser.get("/lock")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    assert "use the button" in await answer.text()


async def test_our_own_fault_tells_no_details_and_logs_no_text(
    set_up: Stage,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("inner workings")

    monkeypatch.setattr(set_up.vaults, "journal", fail)
    with caplog.at_level(logging.DEBUG):
        answer = await ada.post(f"/day/{set_up.today}/entries", {"text": CANARY})
        notice = await ada.post(f"/day/{set_up.today}/entries", {"text": CANARY}, headers=HTMX)
    page = await answer.text()
    assert answer.status == notice.status == 500
    assert "inner workings" not in page + await notice.text()
    assert f"{CANARY}</textarea>" in page, "the words are given back"
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


async def test_an_error_of_ours_is_shown_as_it_says_itself(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise VaultDamaged("Page 7 fails its tag.", fix="Restore a backup.")

    monkeypatch.setattr(set_up.vaults, "journal", fail)
    page = await ada.page(f"/day/{set_up.today}", 500)
    assert "Page 7 fails its tag. Restore a backup." in page
