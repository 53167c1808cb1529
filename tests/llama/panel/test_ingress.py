"""The panel as Home Assistant shows it: requests as its Supervisor hands them on."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.llama.panel.stage import BROWSER, HTMX, PASSWORD, Browser, Stage, stage

PATH = "/api/hassio_ingress/Zk3-x_9"
GROUP = re.compile(r"<(?:li|span)[^>]*>([0-9A-Z]{4,})</")
_HOW_IT_CAME = ("Host", *BROWSER)
ADA, BEN, ADAS_NEW_ACCOUNT = "a" * 32, "b" * 32, "c" * 32


def handed_on(user_id: str, name: str = "", **more: str) -> dict[str, str]:
    """What the Supervisor adds to a request, and Home Assistant before it."""
    return {
        **BROWSER,
        "Host": "homeassistant.local:8123",
        "X-Ingress-Path": PATH,
        "X-Remote-User-Id": user_id,
        "X-Remote-User-Name": name.lower(),
        "X-Remote-User-Display-Name": name,
        "X-Forwarded-Proto": "http",
        **more,
    }


@dataclass
class Visitor(Browser):
    """A browser at Home Assistant: it keeps its cookie for the ingress path, which is taken off."""

    cookie: str = ""

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self._send(super().get, path, options)

    async def post(self, path: str, data: Any = None, **options: Any) -> ClientResponse:
        return await self._send(super().post, path, options | {"data": data})

    async def _send(
        self, ask: Callable[..., Awaitable[ClientResponse]], path: str, options: dict[str, Any]
    ) -> ClientResponse:
        headers = options.pop("headers", {}) | {"Cookie": f"herdbook={self.cookie}"}
        answer = await ask(path, headers=headers, allow_redirects=False, **options)
        if "herdbook" in answer.cookies:
            self.cookie = answer.cookies["herdbook"].value
        return answer


@asynccontextmanager
async def visitor(
    set_up: Stage, user_id: str, name: str = "", **more: str
) -> AsyncIterator[Visitor]:
    async with set_up.browser(handed_on(user_id, name, **more)) as browser:
        yield Visitor(browser.client, browser.base)


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, supervisor="127.0.0.1") as made:
        yield made


@pytest.fixture
async def ada(set_up: Stage) -> AsyncIterator[Visitor]:
    """Ada's browser, her vault made in it and open."""
    async with visitor(set_up, ADA, "Ada") as browser:
        await make_vault(browser, "Ada")
        yield browser


async def make_vault(browser: Visitor, name: str) -> str:
    """Walk through the three steps; returns the recovery code."""
    form = {"name": name, "password": PASSWORD, "again": PASSWORD}
    answer = await browser.post("/create", form)
    assert answer.headers["Location"] == f"{PATH}/create/code"
    code = "-".join(GROUP.findall(await browser.page("/create/code")))
    assert len(code) > 20
    answer = await browser.post("/create/confirm", {"code": code})
    assert answer.headers["Location"] == f"{PATH}/"
    return code


async def unlock(browser: Visitor, name: str, secret: str = PASSWORD) -> int:
    answer = await browser.post("/sign-in", {"name": name, "secret": secret})
    return answer.status


async def test_nobody_but_the_supervisor_is_answered(tmp_path: Path) -> None:
    async with (
        stage(tmp_path, supervisor="172.30.32.2") as made,
        visitor(made, ADA, "Ada") as browser,
    ):
        for path in ("/", "/create", "/static/x/panel.css", "/nowhere"):
            answer = await browser.get(path)
            assert answer.status == 403
            assert "Only Home Assistant" in await answer.text()


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("X-Ingress-Path", "", 400),
        ("X-Ingress-Path", "/api/hassio_ingress/", 400),
        ("X-Ingress-Path", "//evil.example/x", 400),
        ("X-Ingress-Path", "/api/hassio_ingress/a/../b", 400),
        ("X-Ingress-Path", '/api/hassio_ingress/a"onload="', 400),
        ("X-Remote-User-Id", "", 403),
        ("X-Remote-User-Id", "ada", 403),
        ("X-Remote-User-Id", "a" * 33, 403),
    ],
)
async def test_what_the_supervisor_would_not_say_is_refused(
    set_up: Stage, header: str, value: str, status: int
) -> None:
    async with visitor(set_up, ADA, "Ada", **{header: value}) as browser:
        assert (await browser.get("/create")).status == status


@pytest.mark.parametrize("origin", ["http://homeassistant.local:8123", "null", "", "x"])
@pytest.mark.parametrize("host", ["", "Host: \r\n"])
async def test_a_form_to_no_host_is_from_nowhere(set_up: Stage, origin: str, host: str) -> None:
    """Neither a browser nor the Supervisor sends one; HTTP/1.0 needs no host."""
    said = handed_on(ADA) | {"Origin": origin}
    lines = [f"{name}: {value}\r\n" for name, value in said.items() if name not in _HOW_IT_CAME]
    reader, writer = await asyncio.open_connection(set_up.server.host, set_up.server.port)
    writer.write(f"POST /lock HTTP/1.0\r\n{host}{''.join(lines)}\r\n".encode())
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert b" 403 " in answer


async def test_a_user_named_twice_is_nobody(set_up: Stage, ada: Visitor) -> None:
    async with set_up.browser(BROWSER) as browser:
        headers = [*handed_on(ADA).items(), ("X-Remote-User-Id", BEN)]
        answer = await browser.get("/", headers=headers)
        assert answer.status == 403


async def test_every_address_lies_under_the_path_of_its_request(
    set_up: Stage, ada: Visitor
) -> None:
    page = await ada.page(f"/day/{set_up.today}")
    found = re.findall(r' (?:href|src|action|hx-\w+)="(/[^"]*)"', page)
    assert len(found) > 10
    assert [address for address in found if not address.startswith(f"{PATH}/")] == []
    other = f"{PATH}other"
    moved = await ada.get(f"/day/{set_up.today}", headers={"X-Ingress-Path": other})
    assert f'href="{other}/' in await moved.text()


async def test_a_user_without_a_vault_is_invited_by_name(set_up: Stage, ada: Visitor) -> None:
    """Also where others have one."""
    async with visitor(set_up, BEN, "Ben \u200bvan Dam\t") as browser:
        answer = await browser.get("/")
        assert answer.headers["Location"] == f"{PATH}/create"
        page = await browser.page("/create")
        assert 'value="Ben van Dam"' in page
        assert "Ada" not in page


async def test_a_user_has_one_vault_and_needs_only_its_secret(set_up: Stage, ada: Visitor) -> None:
    (person,) = set_up.vaults.people.all()
    assert (person.name, person.user_id) == ("Ada", ADA)
    assert set_up.vaults.people.find(user_id=ADA) == person
    await ada.post("/lock")
    async with visitor(set_up, ADA, "Ada Lovelace") as phone:
        answer = await phone.get("/")
        assert answer.headers["Location"] == f"{PATH}/sign-in"
        page = await phone.page("/sign-in")
        assert re.search(r'name="name"[^>]* value="Ada"[^>]* readonly', page)
        assert f'href="{PATH}/create"' not in page
        answer = await phone.get("/create")
        assert answer.headers["Location"] == f"{PATH}/"
        assert await unlock(phone, "whoever") == 303
        assert set_up.vaults.is_unlocked(person.id)


async def test_a_second_vault_is_not_made_even_at_once(set_up: Stage) -> None:
    async with (
        visitor(set_up, ADA, "Ada") as phone,
        visitor(set_up, ADA, "Ada") as desk,
    ):
        codes = []
        for browser, name in ((phone, "Ada"), (desk, "Ada too")):
            form = {"name": name, "password": PASSWORD, "again": PASSWORD}
            await browser.post("/create", form)
            page = await browser.page("/create/code")
            codes.append("-".join(GROUP.findall(page)))
        answers = await asyncio.gather(
            *(
                browser.post("/create/confirm", {"code": code})
                for browser, code in zip((phone, desk), codes, strict=True)
            )
        )
        assert sorted(answer.status for answer in answers) == [303, 422]
    assert len(set_up.vaults.people.all()) == 1


async def test_no_session_goes_to_the_next_user_of_a_browser(set_up: Stage, ada: Visitor) -> None:
    """A tablet in the kitchen: the cookies stay when another user signs in to Home Assistant."""
    await ada.post(f"/day/{set_up.today}/entries", {"text": "for my eyes"})
    day = f"/day/{set_up.today}"
    assert "for my eyes" in await ada.page(day)
    for user_id in (BEN, ADAS_NEW_ACCOUNT):
        answer = await ada.get(day, headers=handed_on(user_id))
        assert answer.headers["Location"] == f"{PATH}/sign-in"
        poll = await ada.get(f"{day}?since=x", headers=handed_on(user_id) | HTMX)
        assert "for my eyes" not in await poll.text()
    assert "for my eyes" in await ada.page(day), "it is still Ada's"


async def test_the_next_user_of_a_browser_reads_their_own_language(
    set_up: Stage, ada: Visitor
) -> None:
    await ada.post("/settings", {"language": "nl", "lock_after_min": "15"})
    assert 'lang="nl"' in await ada.page("/settings")
    async with visitor(set_up, BEN, "Ben", **{"Accept-Language": "fr"}) as bens:
        bens.cookie = ada.cookie
        assert 'lang="fr"' in await bens.page("/create")


async def test_a_vault_opens_for_no_other_user_whatever_they_know(
    set_up: Stage, ada: Visitor
) -> None:
    async with visitor(set_up, BEN, "Ben") as browser:
        said = set()
        for name, secret in (("Ada", PASSWORD), ("Ada", "wrong word"), ("Nobody", PASSWORD)):
            answer = await browser.post("/sign-in", {"name": name, "secret": secret})
            assert answer.status == 403
            said.add((await answer.text()).replace(f'value="{name}"', ""))
        assert len(said) == 1, "nothing tells that Ada has a vault and what opens it"
    (person,) = set_up.vaults.people.all()
    assert person.user_id == ADA


async def test_a_vault_from_before_is_its_finders_who_knows_the_password(set_up: Stage) -> None:
    """Imported, or made by a Llama of its own: nobody's, until its owner opens it."""
    opening = await set_up.person("Ada")
    await set_up.vaults.lock(opening.person.id)
    async with visitor(set_up, ADA, "Ada L.") as browser:
        assert f'href="{PATH}/sign-in"' in await browser.page("/create")
        assert await unlock(browser, "ada", "wrong word") == 403
        assert set_up.vaults.people.find(name="Ada").user_id is None
        assert await unlock(browser, "ada") == 303
    assert set_up.vaults.people.find(user_id=ADA).id == opening.person.id


async def test_the_recovery_code_brings_a_vault_to_a_new_account(set_up: Stage) -> None:
    """Home Assistant was set up anew, and knows its users by other ids."""
    async with (
        visitor(set_up, ADA, "Ada") as before,
        visitor(set_up, ADAS_NEW_ACCOUNT, "Ada") as after,
    ):
        code = await make_vault(before, "Ada")
        day = f"/day/{set_up.today}"
        await before.post(f"{day}/entries", {"text": "written before"})
        assert await unlock(after, "Ada", code) == 303
        assert "written before" in await after.page(day)
        answer = await before.get(day)
        assert answer.headers["Location"] == f"{PATH}/sign-in", "one user at a time"
    person = set_up.vaults.people.find(name="Ada")
    assert person.user_id == ADAS_NEW_ACCOUNT
    assert [one.id for one in set_up.vaults.people.all()] == [person.id]


async def test_an_account_whose_vault_went_over_cannot_reach_its_keys(set_up: Stage) -> None:
    """With the password it could draw a new recovery code, and bring the vault back with that."""
    async with (
        visitor(set_up, ADA, "Ada") as before,
        visitor(set_up, ADAS_NEW_ACCOUNT, "Ada") as after,
    ):
        code = await make_vault(before, "Ada")
        assert await unlock(after, "Ada", code) == 303
        secret = {"secret": PASSWORD}
        new = {"password": "another four words", "again": "another four words"}
        for path, form in (
            ("/keys/new-code", secret),
            ("/keys/rotation", secret),
            ("/keys/password", secret | new),
            ("/keys/lock", {}),
            ("/lock", {}),
            (f"/day/{set_up.today}/entries", {"text": "from the old account"}),
        ):
            answer = await before.post(path, form)
            assert answer.headers["Location"] == f"{PATH}/sign-in", path
        answer = await before.get("/")
        assert answer.headers["Location"] == f"{PATH}/create", "as for anybody without a vault"
        page = await after.page(f"/day/{set_up.today}")
        assert "from the old account" not in page
        assert await unlock(after, "Ada") == 303, "its password is what it was"


async def test_the_cookie_lies_under_the_path_and_goes_by_https_where_the_browser_does(
    set_up: Stage, ada: Visitor
) -> None:
    for scheme in ("http", "https"):
        answer = await ada.post(
            "/sign-in",
            {"name": "", "secret": PASSWORD},
            headers={"X-Forwarded-Proto": scheme},
        )
        cookie = answer.headers["Set-Cookie"]
        assert f"Path={PATH}/;" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert ("Secure" in cookie) == (scheme == "https")


async def test_forms_of_other_sites_are_refused_also_behind_home_assistant(
    set_up: Stage, ada: Visitor
) -> None:
    day = f"/day/{set_up.today}"
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = await ada.post(f"{day}/entries", {"text": "forged"}, headers=headers)
        assert answer.status == 403
    assert "forged" not in await ada.page(day)
