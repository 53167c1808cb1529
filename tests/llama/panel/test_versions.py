"""What an entry said before: seen, compared with what came next, taken back."""

import asyncio
import re
import threading

import pytest
from markupsafe import Markup

from herdbook.llama.panel import versions
from herdbook.llama.people import Person
from tests.llama.panel.stage import Browser, Stage


@pytest.fixture
def person(set_up: Stage, ada: Browser) -> Person:
    return set_up.vaults.people.find(name="Ada")


@pytest.fixture
def day(set_up: Stage, ada: Browser) -> str:
    """The path of today's page."""
    return f"/day/{set_up.today}"


async def _write(ada: Browser, day: str, *texts: str) -> str:
    """The id of a new entry that has said all of these, the last of them now."""
    answer = await ada.post(f"{day}/entries", {"text": texts[0]}, allow_redirects=False)
    entry = answer.headers["Location"].partition("#entry-")[2]
    for text in texts[1:]:
        form = await ada.field(f"{day}?change={entry}")
        await ada.post(f"{day}/entries", form | {"text": text})
    return entry


def _changes(page: str) -> list[str]:
    """What the page says of each version: [-gone-] and [+come+]."""
    told = []
    for text in re.findall(r'<p class="version-text[^>]*>(.*?)</p>', page, re.DOTALL):
        for kind, sign in (("del", "-"), ("ins", "+")):
            text = re.sub(
                rf'<{kind}><span class="quiet-read">.*?</span>(.*?)</{kind}>',
                rf"[{sign}\1{sign}]",
                text,
                flags=re.DOTALL,
            )
        told.append(text)
    return told


def _ways(page: str) -> list[tuple[str, str]]:
    """Where each version is taken back, and the newest that the page has shown."""
    return re.findall(r'action="(/entry/\w+/versions/\d+)">.*?value="(\d*)"', page, re.DOTALL)


async def test_the_present_text_stands_first_and_each_change_is_shown(
    ada: Browser, day: str, set_up: Stage
) -> None:
    entry = await _write(ada, day, "The first snw.", "The first snow.", "The first snow.\nTea.")
    page = await ada.page(f"/entry/{entry}/versions")
    assert page.index("Now, since 2 November") < page.index('class="version-text')
    assert _changes(page) == ["The first snow.[+↵\nTea.+]", "The first [-snw-][+snow+]."]
    assert page.count("Take this text back") == 2
    assert "taken out:" in page


async def test_what_is_long_is_shortened_and_can_be_read_whole(ada: Browser, day: str) -> None:
    words = "".join(f"w{number}{' ' if number % 50 else '.\n'}" for number in range(3_000))
    gone = " ".join(f"x{number}" for number in range(1_000))
    entry = await _write(
        ada, day, f"{words} here {words} {gone} {words}", f"{words} there {words} {words}"
    )
    page = await ada.page(f"/entry/{entry}/versions")
    (told,) = _changes(page)
    assert len(told) < 2_000
    assert re.search(r"^… w29\d\d .* w2999 +\[-here-\]\[\+there\+\] ?w0", told)
    assert re.search(r"\[-(w0 )?.*x0 x1 .* … .* x9\d\d", told)
    assert re.search(r"w2999 +here w0\.<br>\n", page)
    assert "x499 x500 x501" in page


async def test_what_was_written_is_shown_as_text(ada: Browser, day: str) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    entry = await _write(ada, day, f"a {evil}", f"b {evil}", "c")
    page = await ada.page(f"/entry/{entry}/versions")
    assert "<img" not in page
    assert "alert(2)</script>" not in page


async def test_a_text_is_taken_back(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "one", "two")
    ((way, newest),) = _ways(await ada.page(f"/entry/{entry}/versions"))
    answer = await ada.post(way, {"newest": newest}, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == f"{day}#entry-{entry}"
    assert "<p>one</p>" in await ada.page(day)
    page = await ada.page(f"/entry/{entry}/versions")
    assert _changes(page) == ["[-two-][+one+]", "[-one-][+two+]"]


async def test_nothing_is_taken_back_when_the_entry_was_changed_meanwhile(
    ada: Browser, day: str
) -> None:
    entry = await _write(ada, day, "one", "two")
    ((way, newest),) = _ways(await ada.page(f"/entry/{entry}/versions"))
    form = await ada.field(f"{day}?change={entry}")
    await ada.post(f"{day}/entries", form | {"text": "three"})
    for stale in (newest, "", "x", "9" * 99):
        answer = await ada.post(way, {"newest": stale})
        assert answer.url.path == f"/entry/{entry}/versions"
        page = await answer.text()
        assert "This entry was changed meanwhile" in page
        assert "nothing was taken back" in page
        assert _changes(page) == ["[-two-][+three+]", "[-one-][+two+]"], "all are kept"
    assert "<p>three</p>" in await ada.page(day)
    (_, (way, newest)) = _ways(page)
    assert (await ada.post(way, {"newest": newest})).url.path == day
    assert "<p>one</p>" in await ada.page(day)


async def test_a_change_of_what_changed_meanwhile_says_so_and_keeps_both(
    ada: Browser, day: str
) -> None:
    entry = await _write(ada, day, "one")
    here, there = [await ada.field(f"{day}?change={entry}") for _ in range(2)]
    assert (await ada.post(f"{day}/entries", there | {"text": "there"})).url.path == day
    answer = await ada.post(f"{day}/entries", here | {"text": "here"})
    assert answer.url.path == f"/entry/{entry}/versions"
    page = await answer.text()
    assert "This entry was changed meanwhile" in page
    assert "Your words stand in it now" in page
    assert _changes(page) == ["[-there-][+here+]", "[-one-][+there+]"]
    # Its answer got lost, and it comes again with more.
    again = await ada.post(f"{day}/entries", here | {"text": "here and now"})
    assert again.url.path == day


async def test_an_address_that_is_none_takes_nothing_back(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "one", "two")
    ((_, newest),) = _ways(await ada.page(f"/entry/{entry}/versions"))
    for number in ("0", "-1", "x", "9" * 30):
        answer = await ada.post(f"/entry/{entry}/versions/{number}", {"newest": newest})
        assert "nothing was taken back" in await answer.text()
    assert (await ada.post(f"/entry/{'0' * 32}/versions/1", {"newest": newest})).status == 404
    assert "<p>two</p>" in await ada.page(day)


async def test_no_text_is_shown_when_the_vault_locks_meanwhile(
    set_up: Stage, ada: Browser, person: Person, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await _write(ada, day, "the canary sang", "the canary hums")
    begun, go_on, real = threading.Event(), threading.Event(), versions.render

    def slow(text: str) -> Markup:
        begun.set()
        go_on.wait(10)
        return real(text)

    monkeypatch.setattr(versions, "render", slow)

    asked = asyncio.create_task(ada.get(f"/entry/{entry}/versions"))
    await asyncio.to_thread(begun.wait, 10)
    await set_up.vaults.lock(person.id)
    go_on.set()
    answer = await asked
    assert answer.status == 423
    assert "the canary" not in await answer.text()
