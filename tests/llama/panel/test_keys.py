import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from herdbook.errors import StorageError
from herdbook.llama.attempts import FREE
from herdbook.llama.pending import LIMIT_MS
from herdbook.vault.rotation import rotate
from tests.llama.panel.stage import HTMX, PASSWORD, Browser, Stage

NEW = "five other quite unrelated words"
PAGES = ("/keys", "/keys/code", "/keys/confirm", "/keys/progress")
POSTS = ("/keys/password", "/keys/new-code", "/keys/rotation", "/keys/confirm", "/keys/lock")


@asynccontextmanager
async def _elsewhere(set_up: Stage) -> AsyncIterator[Browser]:
    """A second browser in which Ada is signed in."""
    async with set_up.browser() as other:
        await other.sign_in()
        assert "Your keys" in await other.page("/keys")
        yield other


def _code(page: str) -> str:
    found = re.search(r'<p class="code".*?</p>', page, re.DOTALL)
    assert found
    return "-".join(re.findall(r"<span>([0-9A-Z]{4})</span>", found[0]))


async def _ways_in(set_up: Stage, *secrets: str) -> list[bool]:
    ways = []
    for secret in secrets:
        async with set_up.browser() as fresh:
            ways.append((await fresh.sign_in(secret=secret)).status == 200)
    return ways


async def _password(browser: Browser, **changed: str) -> Any:
    form = {"secret": PASSWORD, "password": NEW, "again": NEW}
    return await browser.post("/keys/password", form | changed)


async def test_it_is_reached_from_the_settings(set_up: Stage, ada: Browser) -> None:
    page = await ada.page(f"/day/{set_up.today}")
    assert re.search(r'<a href="/settings"><svg .*</svg> <span>Settings</span></a>', page)
    assert '<a href="/keys">' in await ada.page("/settings")
    assert '<a href="/settings" aria-current="page"><svg' in await ada.page("/keys")


async def test_nobody_but_who_is_signed_in_gets_there(browser: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    for path in PAGES:
        assert (await browser.get(path)).url.path == "/sign-in"
    for path in POSTS:
        assert (await browser.post(path, {"secret": PASSWORD})).url.path == "/sign-in"
        foreign = await browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status == 403
    for path in PAGES:
        assert (await browser.get(path)).headers["Cache-Control"] == "no-store"


async def test_a_changed_password_ends_all_other_sessions(set_up: Stage, ada: Browser) -> None:
    await ada.post(f"/day/{set_up.today}/entries", {"text": "for my eyes"})
    async with _elsewhere(set_up) as other, set_up.browser() as bens:
        await set_up.person("Ben")
        await bens.sign_in("Ben")
        answer = await _password(ada)
        assert answer.url.path == "/keys"
        assert "Your password is changed." in await answer.text()
        assert "Your password is changed." not in await ada.page("/keys"), "said once"
        assert "for my eyes" in await ada.page(f"/day/{set_up.today}"), "this one goes on"
        assert (await other.get("/keys")).url.path == "/sign-in"
        assert (await bens.get("/keys")).url.path == "/keys", "nobody else is concerned"
    assert await _ways_in(set_up, PASSWORD, NEW) == [False, True]


async def test_a_changed_password_ends_a_sign_in_that_is_under_way(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it began, and a full inbox takes long to absorb."""
    absorbing, changed = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> None:
        absorbing.set()
        await changed.wait()

    async with set_up.browser() as other:
        with monkeypatch.context() as patched:
            patched.setattr("herdbook.llama.opening.OpenVault.absorb", slow)
            late = asyncio.create_task(other.sign_in())
            await absorbing.wait()
            assert (await _password(ada)).url.path == "/keys"
            changed.set()
            answer = await late
        assert answer.status == 423
        assert other.token() == ""
        assert (await other.get("/keys")).url.path == "/sign-in"
    assert "Your keys" in await ada.page("/keys"), "this one goes on"
    assert (await ada.get(f"/day/{set_up.today}")).status == 200
    assert await _ways_in(set_up, PASSWORD, NEW) == [False, True]


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"secret": "not it"}, 403, "That does not open your vault."),
        ({"again": "other"}, 422, "The two passwords differ."),
        ({"password": "short", "again": "short"}, 422, "at least 8"),
        ({"password": "", "again": ""}, 422, "at least 8"),
    ],
)
async def test_a_refused_change_says_why_and_ends_nothing(
    set_up: Stage, ada: Browser, changed: dict[str, str], status: int, said: str
) -> None:
    async with _elsewhere(set_up) as other:
        answer = await _password(ada, **changed)
        page = await answer.text()
        assert (answer.status, said in page) == (status, True)
        assert '<details class="fold" id="password-fold" open>' in page
        assert NEW not in page
        assert (await other.get("/keys")).url.path == "/keys"
    assert await _ways_in(set_up, PASSWORD, NEW) == [True, False]


async def test_a_new_code_is_shown_typed_back_and_then_works(set_up: Stage, ada: Browser) -> None:
    answer = await ada.post("/keys/new-code", {"secret": PASSWORD})
    assert answer.url.path == "/keys/code"
    code = _code(await answer.text())
    page = await ada.page("/keys/code")
    assert _code(page) == code, "it can be reloaded"
    assert "data-print" in page, "as it tells to print it"
    wrong = await ada.post("/keys/confirm", {"code": code[:-1]})
    assert wrong.status == 422
    assert "not the new code" in await wrong.text()
    assert await _ways_in(set_up, code) == [False]
    async with _elsewhere(set_up) as other:
        assert (await other.get("/keys/code")).url.path == "/keys", "only here"
        done = await ada.post("/keys/confirm", {"code": code.lower().replace("-", " ")})
        assert "The new recovery code opens your vault now" in await done.text()
        assert (await other.get("/keys")).url.path == "/keys", "a new code signs nobody out"
    assert await _ways_in(set_up, code, PASSWORD) == [True, True]
    assert (await ada.get("/keys/code")).url.path == "/keys", "never again"
    assert code not in await ada.page("/keys")


async def test_a_code_that_waited_too_long_is_said(set_up: Stage, ada: Browser) -> None:
    await ada.post("/keys/new-code", {"secret": PASSWORD})
    set_up.clock.advance(LIMIT_MS)
    answer = await ada.get("/keys/confirm")
    assert answer.url.path == "/keys"
    assert "Too much time went by" in await answer.text()


async def _draw(ada: Browser) -> str:
    return _code(await (await ada.post("/keys/rotation", {"secret": PASSWORD})).text())


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page waits for the end of a rotation, however long that takes on a busy machine."""
    monkeypatch.setattr("herdbook.llama.panel.keys._WAIT_S", 60)


async def test_a_new_key_seals_the_vault_anew(set_up: Stage, ada: Browser, patience: None) -> None:
    await ada.post(f"/day/{set_up.today}/entries", {"text": "for my eyes"})
    (person,) = set_up.vaults.people.all()
    before = (set_up.vaults.folder_of(person) / "header.json").read_bytes()
    async with _elsewhere(set_up) as other:
        code = await _draw(ada)
        assert (set_up.vaults.folder_of(person) / "header.json").read_bytes() == before
        answer = await ada.post("/keys/confirm", {"code": code})
        assert answer.url.path == "/keys"
        assert "Every page is sealed with the new key" in await answer.text()
        assert (await other.get("/keys")).url.path == "/sign-in"
    assert "for my eyes" in await ada.page(f"/day/{set_up.today}")
    assert await _ways_in(set_up, code, PASSWORD) == [True, True]


async def test_a_long_rotation_shows_how_far_it_is_and_loses_no_word(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.llama.panel.keys._WAIT_S", 0.01)
    resume = threading.Event()

    def slow(folder: Path, new: Any, *, progress: Any) -> None:
        progress(3, 12)
        resume.wait(30)
        rotate(folder, new, progress=progress)

    monkeypatch.setattr("herdbook.llama.keys.rotate", slow)
    answer = await ada.post("/keys/confirm", {"code": await _draw(ada)})
    assert answer.url.path == "/keys/progress"
    async with asyncio.timeout(5):
        while 'value="25"' not in await ada.page("/keys/progress"):
            await asyncio.sleep(0.01)
    part = await (await ada.get("/keys/progress", headers=HTMX)).text()
    assert part.startswith("<progress")
    assert (await ada.get("/keys")).url.path == "/keys/progress"
    written = await ada.post(f"/day/{set_up.today}/entries", {"text": "amid it"})
    assert "Sealed into your inbox" in await written.text()
    resume.set()
    (person,) = set_up.vaults.people.all()
    async with asyncio.timeout(5):
        while not set_up.vaults.is_unlocked(person.id):
            await asyncio.sleep(0.01)
        while "HX-Redirect" not in (await ada.get("/keys/progress", headers=HTMX)).headers:
            await asyncio.sleep(0.01)
    assert "Every page is sealed with the new key" in await ada.page("/keys")
    assert "amid it" in await ada.page(f"/day/{set_up.today}")


async def test_a_rotation_that_fails_is_said(
    set_up: Stage, ada: Browser, patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr("herdbook.llama.keys.rotate", fail)
    code = await _draw(ada)
    answer = await ada.post("/keys/confirm", {"code": code})
    page = await answer.text()
    assert answer.status == 507
    assert "cannot write to its disk" in page
    assert "Keep both recovery codes" in page
    assert '<details class="fold" id="rotation-fold" open>' in page
    assert await _ways_in(set_up, code, PASSWORD) == [False, True]


async def test_the_recovery_code_is_not_enough_for_a_new_one(set_up: Stage, ada: Browser) -> None:
    code = await _draw(ada)
    await ada.post("/keys/confirm", {"code": code})
    for path in ("/keys/new-code", "/keys/rotation"):
        answer = await ada.post(path, {"secret": code})
        assert answer.status == 403
        assert "the recovery code is not enough here" in await answer.text()


async def test_lock_everywhere_locks_and_signs_out_everywhere(set_up: Stage, ada: Browser) -> None:
    (person,) = set_up.vaults.people.all()
    async with _elsewhere(set_up) as other:
        await ada.post("/keys/new-code", {"secret": PASSWORD})
        assert (await ada.post("/keys/lock")).url.path == "/locked"
        assert not set_up.vaults.is_unlocked(person.id)
        for browser in (ada, other):
            assert (await browser.get("/keys")).url.path == "/sign-in"
    await ada.sign_in()
    assert (await ada.get("/keys/code")).url.path == "/keys", "what waited is forgotten"


async def test_tabs_side_by_side_change_the_password_once(set_up: Stage, ada: Browser) -> None:
    answers = await asyncio.gather(*(_password(ada) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 403, 403]
    assert await _ways_in(set_up, PASSWORD, NEW) == [False, True]


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
async def test_too_many_attempts_are_said_with_the_wait(
    set_up: Stage, browser: Browser, name: str
) -> None:
    await set_up.person("Ada")
    for _ in range(FREE):
        assert (await browser.sign_in(name, "not it")).status == 403
    for path, form in (
        ("/sign-in", {"name": name, "secret": PASSWORD}),
        ("/sign-in", {"name": name, "secret": PASSWORD, "day": str(set_up.today)}),
    ):
        for headers in ({}, HTMX):
            answer = await browser.post(path, form, headers=headers)
            assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
            assert "Try again in 5 seconds." in await answer.text()


async def test_a_rotation_is_finished_before_the_llama_stops(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.llama.panel.keys._WAIT_S", 0.01)
    reached, resume, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(folder: Path, new: Any, *, progress: Any) -> None:
        reached.set()
        resume.wait(30)
        rotate(folder, new, progress=progress)
        ended.set()

    monkeypatch.setattr("herdbook.llama.keys.rotate", slow)
    await ada.post("/keys/confirm", {"code": await _draw(ada)})
    await asyncio.to_thread(reached.wait, 5)
    closing = asyncio.create_task(set_up.server.close())
    resume.set()
    await closing
    assert ended.is_set()
