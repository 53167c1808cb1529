"""The page of a real node, asked over HTTP: who sees it, and what it says."""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from herdbook.alpaca.page import entrance
from herdbook.alpaca.page.secret import is_pass, is_token, load_or_create, pass_of
from herdbook.errors import StorageError
from tests.alpaca.page.stage import Stage, stage

PAGES = ("/", "/observations", "/status", "/sensor/boiler/day", "/sensor/boiler/month")


async def test_nobody_sees_anything_without_the_token(node: Stage) -> None:
    async with node.browser(signed_in=False) as browser:
        for path in (*PAGES, "/memories", "/nowhere", "/v1/status"):
            async with browser.get(path) as answer:
                assert answer.url.path == "/sign-in", path
                assert "Boiler" not in await answer.text()
        async with browser.post("/observe") as answer:
            assert answer.url.path == "/sign-in"
        async with browser.get("/", cookies={f"herdbook-{node.node_id[:8]}": "0" * 64}) as answer:
            assert answer.url.path == "/sign-in"
        # By htmx the whole page goes there, not a part of it.
        async with browser.get("/", headers={"HX-Request": "true"}) as answer:
            assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/sign-in")


@pytest.mark.parametrize("more", [{}, {"Content-Encoding": "gzip"}])
async def test_a_form_that_is_no_text_is_refused_and_is_no_fault(
    node: Stage, caplog: pytest.LogCaptureFixture, more: dict[str, str]
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **more}
    async with (
        node.browser(signed_in=False) as browser,
        browser.post("/sign-in", data=b"token=\xff\x8b", headers=headers) as answer,
    ):
        assert answer.status == 400
    assert "Traceback" not in caplog.text


async def test_the_pass_is_not_the_token_and_no_script_reads_it(node: Stage) -> None:
    async with node.browser(signed_in=False) as browser:
        typed = node.token.upper().replace("-", " ")
        form = {"token": f" {typed} "}
        async with browser.post("/sign-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == "/"
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert node.token not in cookie
        assert node.token.replace("-", "") not in cookie
        async with browser.get("/sign-in") as answer:
            assert answer.url.path == "/", "it is open already"
        async with browser.post("/sign-out") as answer:
            assert answer.url.path == "/sign-in"
        async with browser.get("/") as answer:
            assert answer.url.path == "/sign-in"


async def test_guessing_is_slow_and_keeps_nobody_else_out(
    node: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one proxy all have one address: the right token opens, whatever others try."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(entrance, "_WRONG_S", 0.05)
    loop = asyncio.get_running_loop()
    async with node.browser(signed_in=False) as browser:
        for number in range(20):
            begun = loop.time()
            async with browser.post("/sign-in", data={"token": f"canary-{number}"}) as answer:
                assert answer.status == 403
                assert "This is not the token." in await answer.text()
            assert loop.time() - begun >= 0.05
        async with browser.post("/sign-in", data={"token": node.token}) as answer:
            assert answer.url.path == "/"
    assert "canary" not in caplog.text
    assert node.token not in caplog.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8480", 200),
        ("[::1]", 200),
        ("hallway.local", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
async def test_only_its_own_names_are_answered(tmp_path: Path, host: str, status: int) -> None:
    """An attacker's name that is pointed at the node (DNS rebinding) is not one of them."""
    async with (
        stage(tmp_path, hosts=("Hallway.local",)) as node,
        node.browser() as browser,
        browser.get("/", headers={"Host": host}) as answer,
    ):
        assert answer.status == status
        assert ("Boiler" in await answer.text()) == (status == 200)


async def test_it_is_read_only_unless_it_is_allowed(node: Stage) -> None:
    async with node.browser() as browser:
        async with browser.get("/") as answer:
            assert "Observe now" not in await answer.text()
        async with browser.post("/observe") as answer:
            assert answer.status == 403
    _, answered = await node.ask("GET", "/v1/observations")
    assert answered["observations"] == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
async def test_observing_is_asked_for_by_the_page_itself(tmp_path: Path, site: str | None) -> None:
    async with stage(tmp_path, write=True) as node, node.browser() as browser:
        headers = {} if site is None else {"Sec-Fetch-Site": site}
        if site is None:
            browser.headers.popall("Sec-Fetch-Site")
        async with browser.post("/observe", headers=headers) as answer:
            assert answer.status == 403
        async with browser.get("/observe", headers={"Sec-Fetch-Site": "same-origin"}) as answer:
            assert answer.status == 405
        _, answered = await node.ask("GET", "/v1/observations")
        assert answered["observations"] == []
        async with browser.post("/observe", headers={"Sec-Fetch-Site": "same-origin"}) as answer:
            assert "Now: Boiler 50 °C" in await answer.text()


async def test_what_others_wrote_is_text_and_nothing_else(node: Stage) -> None:
    await node.ask("POST", "/v1/observe")
    async with node.browser() as browser:
        for path in (*PAGES, "/sensor/lost/week"):
            async with browser.get(path) as answer:
                page = await answer.text()
                assert answer.status == 200, page
            assert "<script>alert" not in page
            assert "Hallway <b>" not in page
            assert not re.search(r"\son\w+=|<style|style=|javascript:", page), "nothing inline"
            if path in {"/", "/observations"}:
                assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “lost”" in page


async def test_a_sensor_that_cannot_be_read_says_why(node: Stage) -> None:
    async with node.browser() as browser, browser.get("/") as answer:
        page = await answer.text()
    assert "Not available" in page
    assert "No such file or directory" in page
    assert "No observations yet" in page
    assert '<data value="50.0">50 °C</data>'.replace(" °", "\N{NO-BREAK SPACE}°") in page


async def test_every_answer_carries_its_headers(node: Stage) -> None:
    async with node.browser() as browser:
        for path in (*PAGES, "/nowhere", "/sensor/none/day"):
            async with browser.get(path) as answer:
                assert answer.headers["Cache-Control"] == "no-store", path
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'")
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.status == (404 if "no" in path else 200)
                page = await answer.text()
            outside = re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page)
            assert outside == [], "it works without the internet"
            for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
                async with browser.get(address) as answer:
                    assert answer.status == 200, address


async def test_it_speaks_the_browsers_language(node: Stage) -> None:
    async with node.browser() as browser:
        for language, words in (
            ("de-AT", "Was er gerade sieht"),
            ("fr", "Ce qu’il voit maintenant"),
            ("es", "Lo que ve ahora"),
            ("nl", "Wat hij nu ziet"),
            ("xx", "What it sees now"),
        ):
            async with browser.get("/", headers={"Accept-Language": language}) as answer:
                assert words in await answer.text(), language


async def test_what_cannot_be_read_is_said_and_the_rest_is_shown(node: Stage) -> None:
    async with node.browser() as browser:
        (node.data / "log.db").rename(node.data / "elsewhere")
        async with browser.get("/observations") as answer:
            assert answer.status == 503
            assert "There is no event log" in await answer.text()
        async with browser.get("/status") as answer:
            assert answer.status == 200
        async with browser.get("/") as answer:
            page = await answer.text()
            assert "Boiler" in page
            assert "There is no event log" in page
        (node.data / "elsewhere").rename(node.data / "log.db")
        async with browser.get("/observations") as answer:
            assert answer.status == 200


def test_a_token_is_made_once_and_guarded(tmp_path: Path) -> None:
    token = load_or_create(tmp_path)
    assert load_or_create(tmp_path) == token
    assert (tmp_path / "page_token").stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", token)
    assert is_token(token.upper().replace("-", ""), token)
    for wrong in ("", token[:-1], f"{token}a", "é" * 20, "\udcff"):
        assert not is_token(wrong, token)
        assert not is_pass(wrong, token)
    assert is_pass(pass_of(token), token)
    assert not is_pass(token, token)
    (tmp_path / "page_token").write_text("abcd-")
    with pytest.raises(StorageError, match="half a token"):
        load_or_create(tmp_path)
