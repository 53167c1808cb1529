import re
from pathlib import Path

from yarl import URL

from herdbook.llama.panel.sessions import LIFETIME_MS
from tests.llama.panel.stage import HTMX, PASSWORD, Browser, Stage, stage


def _said(page: str) -> str:
    found = re.search(r'<p class="notice".*?</p>', page, re.DOTALL)
    assert found
    return found[0]


async def test_without_a_session_every_page_leads_to_the_door(
    set_up: Stage, browser: Browser
) -> None:
    await set_up.person()
    for path in ("/", f"/day/{set_up.today}", "/herd"):
        assert (await browser.get(path)).url.path == "/sign-in"


async def test_a_wrong_secret_has_one_wording_for_every_cause(
    set_up: Stage, browser: Browser
) -> None:
    await set_up.person()
    said = set()
    for name, secret in (
        ("Ada", "wrong word"),
        ("Nobody", PASSWORD),
        ("", ""),
        ("Ada", "x" * 9999),
    ):
        answer = await browser.sign_in(name, secret)
        assert answer.status == 403
        page = await answer.text()
        said.add(_said(page))
        assert secret not in page or not secret
    assert len(said) == 1
    assert "recovery code works" in said.pop()


async def test_the_recovery_code_opens_the_vault(set_up: Stage, browser: Browser) -> None:
    creation = await set_up.vaults.creations.begin("Ada", PASSWORD)
    opening = await set_up.vaults.finish_creation(creation.token, creation.recovery_code)
    await set_up.vaults.lock(opening.person.id)
    answer = await browser.sign_in(secret=creation.recovery_code.lower())
    assert answer.url.path == f"/day/{set_up.today}"


async def test_signing_in_gives_a_new_token_and_ends_the_old_one(
    set_up: Stage, ada: Browser
) -> None:
    old = ada.token()
    await ada.sign_in()
    assert ada.token() not in ("", old)
    async with set_up.browser() as thief:
        thief.client.session.cookie_jar.update_cookies(
            {"herdbook": old}, URL(str(set_up.server.make_url("/")))
        )
        assert (await thief.get("/")).url.path == "/sign-in"


async def test_the_cookie_is_for_this_site_and_no_script(tmp_path: Path) -> None:
    for secure in (False, True):
        async with stage(tmp_path / str(secure), base_path="/x/y", secure=secure) as made:
            await made.person()
            async with made.browser() as browser:
                answer = await browser.post(
                    "/sign-in", {"name": "Ada", "secret": PASSWORD}, allow_redirects=False
                )
                cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/x/y/" in cookie
        assert ("Secure" in cookie) is secure
        assert "Max-Age" not in cookie, "it ends with the browser"


async def test_a_session_ends_after_a_day_without_use(set_up: Stage, ada: Browser) -> None:
    set_up.clock.advance(LIFETIME_MS + 1)
    assert (await ada.get("/")).url.path == "/sign-in"


async def test_lock_locks_and_ends_the_session(set_up: Stage, ada: Browser) -> None:
    (person,) = set_up.vaults.people.all()
    token = ada.token()
    answer = await ada.post("/lock")
    assert answer.url.path == "/locked"
    assert not set_up.vaults.is_unlocked(person.id)
    async with set_up.browser() as thief:
        for useless in (token, ada.token()):
            cookie = {"Cookie": f"herdbook={useless}"}
            for path in ("/herd", f"/day/{set_up.today}"):
                assert (await thief.get(path, headers=cookie)).url.path == "/sign-in"


async def test_after_locking_this_browser_has_the_name_filled_in_and_no_other(
    set_up: Stage, ada: Browser
) -> None:
    await ada.post("/lock")
    for path in ("/locked", "/sign-in"):
        assert 'value="Ada"' in await ada.page(path)
    assert "Ada" not in ada.token()
    async with set_up.browser() as stranger:
        for path in ("/locked", "/sign-in"):
            assert "Ada" not in await stranger.page(path)


async def test_lock_keeps_what_stands_in_the_writing_field(set_up: Stage, ada: Browser) -> None:
    (person,) = set_up.vaults.people.all()
    day = f"/day/{set_up.today}"
    form = await ada.field(day) | {"day": str(set_up.today), "text": "half a tho"}
    await ada.post("/lock", form)
    await ada.sign_in()
    assert "half a tho</textarea>" in await ada.page(day)
    await set_up.vaults.lock(person.id)
    await ada.post("/lock", form | {"text": "half a thought"})
    await ada.sign_in()
    page = await ada.page(day)
    assert "half a thought</textarea>" in page, "one text goes on as one"
    assert "Unfinished" not in page


async def test_locking_in_one_browser_closes_the_other(set_up: Stage, ada: Browser) -> None:
    await ada.post(f"/day/{set_up.today}/entries", {"text": "for my eyes"})
    async with set_up.browser() as other:
        await other.sign_in()
        assert "for my eyes" in await other.page(f"/day/{set_up.today}")
        await ada.post("/lock")
        page = await other.page(f"/day/{set_up.today}")
        assert "for my eyes" not in page
        assert "Your vault is locked" in page


async def test_the_door_on_a_day_page_leads_back_to_that_day(set_up: Stage, ada: Browser) -> None:
    (person,) = set_up.vaults.people.all()
    await set_up.vaults.lock(person.id)
    form = {"name": "Ada", "secret": PASSWORD, "day": "2026-11-03"}
    assert (await ada.post("/sign-in", form)).url.path == "/day/2026-11-03"
    assert (await ada.post("/sign-in", form | {"day": "//evil.example"})).status == 404


async def test_opening_the_door_in_place_keeps_the_writing_field(
    set_up: Stage, ada: Browser
) -> None:
    (person,) = set_up.vaults.people.all()
    await ada.post(f"/day/{set_up.today}/entries", {"text": "an earlier entry"})
    await set_up.vaults.lock(person.id)
    form = {
        "name": "Ada",
        "secret": "wrong",
        "day": str(set_up.today),
        "text": "unsaved",
        "key": "k",
    }
    wrong = await ada.post("/sign-in", form, headers=HTMX)
    assert wrong.headers["HX-Retarget"] == "#door-notice"
    assert "open no vault here" in await wrong.text()

    right = await ada.post("/sign-in", form | {"secret": PASSWORD}, headers=HTMX)
    assert "an earlier entry" in await right.text()
    assert "unsaved</textarea>" in await ada.page(f"/day/{set_up.today}")


async def test_opening_the_door_beside_an_empty_field_loads_the_day(
    set_up: Stage, ada: Browser
) -> None:
    (person,) = set_up.vaults.people.all()
    await set_up.vaults.lock(person.id)
    form = {"name": "Ada", "secret": PASSWORD, "day": "2026-11-03", "text": ""}
    answer = await ada.post("/sign-in", form, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/day/2026-11-03"
