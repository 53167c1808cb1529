import re
import unicodedata
from io import BytesIO
from typing import Literal

import pytest

from tests.llama.panel.stage import PASSWORD, Browser, Stage

FORM = {"name": "Ada", "secret": PASSWORD}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://HOST"}, 403),
        ({"Origin": "http://HOST"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({}, 403),
    ],
)
async def test_unsafe_requests_come_from_the_panel_itself(
    set_up: Stage, headers: dict[str, str], status: int
) -> None:
    await set_up.person()
    host = f"{set_up.server.host}:{set_up.server.port}"
    headers = {name: value.replace("HOST", host) for name, value in headers.items()}
    async with set_up.browser() as browser:
        browser.client.session.headers.popall("Sec-Fetch-Site")
        answer = await browser.post("/sign-in", FORM, headers=headers)
        assert answer.status == status
        if status == 403:
            assert "Not from here" in await answer.text()
            assert browser.token() == ""


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8477", 200),
        ("127.0.0.1:8477", 200),
        ("192.168.1.20", 200),
        ("[::1]:8477", 200),
        ("journal.example", 200),
        ("JOURNAL.example:443", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_only_names_of_its_own_are_answered(browser: Browser, host: str, status: int) -> None:
    answer = await browser.get("/sign-in", headers={"Host": host})
    assert answer.status == status
    if status == 421:
        assert "by its IP address or as localhost" in await answer.text()


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded; charset=utf-7",
    ],
)
async def test_only_ordinary_forms_are_read(browser: Browser, kind: str) -> None:
    answer = await browser.post("/sign-in", "name=Ada", headers={"Content-Type": kind})
    assert answer.status == 415


async def test_bytes_that_are_no_text_are_refused(browser: Browser) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.post("/sign-in", b"name=\xff\xfe", headers=kind)
    assert answer.status == 422


async def test_a_flood_is_refused(ada: Browser, set_up: Stage) -> None:
    path = f"/day/{set_up.today}/entries"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    flood = BytesIO(b"text=" + b"x" * 3_000_000)
    assert (await ada.post(path, flood, headers=form)).status == 413
    full = BytesIO(b"text=" + b"%F0%9F%98%80" * 100_000)
    assert (await ada.post(path, full, headers=form)).status == 200, "wide characters, all encoded"


async def test_every_answer_carries_its_headers(ada: Browser, set_up: Stage) -> None:
    day = f"/day/{set_up.today}"
    pages = ["/", day, "/herd", "/sign-in", "/create", "/locked", "/nowhere", "/day/x", "/lock"]
    for path in [*pages, f"{day}/house", "/keys"]:
        for follow in (True, False):
            answer = await ada.get(path, allow_redirects=follow)
            assert answer.headers["Cache-Control"] == "no-store", path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy
            assert "frame-ancestors 'self'" in policy


async def test_nothing_long_is_normalised(
    ada: Browser, set_up: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the square of the length in some Pythons, and everybody waits: here, a minute."""
    day = f"/day/{set_up.today}"
    await ada.post(f"{day}/entries", {"text": "the boiler"})
    found = re.search(r'id="entry-([0-9a-f]{32})"', await ada.page(day))
    assert found
    lengths = [0]
    normalize = unicodedata.normalize

    def measured(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("unicodedata.normalize", measured)
    long = "a" + "\u0301\u0316" * 50_000
    new = {"password": "another four words", "again": "another four words"}
    async with set_up.browser() as stranger:
        for path, form, status in (
            ("/sign-in", {"name": long, "secret": PASSWORD}, 403),
            ("/sign-in", {"name": "Ada", "secret": long}, 403),
            ("/create", {"name": long, **new}, 422),
        ):
            assert (await stranger.post(path, form)).status == status
    for path, form, status in (
        ("/keys/password", {"secret": long, **new}, 403),
        ("/keys/new-code", {"secret": long}, 403),
        ("/keys/rotation", {"secret": long}, 403),
        (f"/entry/{found[1]}/traces", {"name": long}, 422),
        ("/traces", {"filter": long}, 200),
        ("/traces/complete", {"name": long}, 200),
        ("/search", {"query": long}, 200),
    ):
        assert (await ada.post(path, form)).status == status, path
    assert 0 < max(lengths) < 10_000
