import asyncio
import re
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from markupsafe import Markup

from herdbook.errors import StorageError
from herdbook.house.observation import Observation
from herdbook.journal.journal import Journal
from herdbook.llama.panel import contents
from herdbook.llama.people import Person
from tests.fakes.clock import ManualClock
from tests.llama.panel.house import notice
from tests.llama.panel.stage import HTMX, Browser, Stage

PAYLOAD = """</textarea><script>alert(1)</script><img src=x onerror='a()'> {{ 7*7 }} &amp; “é” 42"""


@pytest.fixture
def person(set_up: Stage, ada: Browser) -> Person:
    return set_up.vaults.people.find(name="Ada")


@pytest.fixture
def day(set_up: Stage, ada: Browser) -> str:
    """The path of today's page."""
    return f"/day/{set_up.today}"


def _entries(page: str) -> list[str]:
    """The entries of a page whose texts are plain paragraphs."""
    found = re.findall(r'<div class="entry-text" dir="auto"><p>(.*?)</p>\n</div>', page, re.DOTALL)
    return [text.replace("<br>", "").replace("</p>\n<p>", "\n\n") for text in found]


def _draft(page: str) -> str:
    found = re.search(r'<textarea id="words".*?>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return found[1]


async def test_an_entry_is_on_its_page_with_its_line_breaks(ada: Browser, day: str) -> None:
    answer = await ada.post(f"{day}/entries", {"text": "one\r\ntwo\r\n\r\nthree"})
    assert answer.url.path == day, "sent by 303, so that a reload sends nothing twice"
    assert _entries(await answer.text()) == ["one\ntwo\n\nthree"]


async def test_text_is_text_and_never_markup(ada: Browser, day: str) -> None:
    await ada.post(f"{day}/entries", {"text": PAYLOAD})
    for _ in range(2):
        await ada.post(f"{day}/draft", {"text": PAYLOAD})
    page = await ada.page(day)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3, "entry, field and other draft"
    assert "{{ 7*7 }} &amp;amp; “é” 42" in page


async def test_the_heading_and_the_ways_to_the_neighbours(ada: Browser) -> None:
    page = await ada.page("/day/2026-11-02")
    assert 'lang="en" dir="ltr"' in page
    assert "Monday" in page
    assert "2 November" in page
    assert 'href="/day/2026-11-01"' in page
    assert 'href="/day/2026-11-03"' in page
    assert "Go to today" not in page, "it is today"
    for other, empty in (("2026-11-01", "Nothing was written"), ("2030-01-01", "has not come yet")):
        page = await ada.page(f"/day/{other}")
        assert empty in page
        assert "Go to today" in page


async def test_the_ends_of_the_calendar(ada: Browser) -> None:
    first = await ada.page("/day/0001-01-01")
    assert 'rel="prev"' not in first
    assert "Monday, 1 January 0001" in first
    assert '<span class="day-year">0001</span>' in first
    assert 'rel="next"' not in await ada.page("/day/9999-12-31")


@pytest.mark.parametrize(
    "wrong",
    ["2031-13-45", "2026-02-29", "20261120", "2026-W10-1", "today", "２０２６-11-20"],
)
async def test_a_day_that_is_none_is_not_found(ada: Browser, wrong: str) -> None:
    for method, path in (("GET", ""), ("GET", "/house"), ("POST", "/entries"), ("POST", "/draft")):
        answer = await ada.client.request(method, f"/day/{wrong}{path}", data={"text": "x"})
        page = await answer.text()
        assert answer.status == 404
        assert "/day/2026-11-20" in page, "says what a day looks like"


async def test_a_draft_is_kept_exactly_and_cleared_by_its_entry(ada: Browser, day: str) -> None:
    text = "  two words, \n\n and then "
    form = await ada.field(day) | {"text": text}
    answer = await ada.post(f"{day}/draft", form)
    assert answer.status == 204
    assert (answer.headers["Draft-Key"], answer.headers["Draft-Base"]) == (form["key"], "1")
    assert _draft(await ada.page(day)) == text
    assert (await ada.field(day))["key"] == form["key"], "a reload goes on with the same"
    await ada.post(f"{day}/entries", form)
    assert _draft(await ada.page(day)) == ""


async def test_the_same_composition_is_kept_once(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    form = await ada.field(day) | {"text": "said once"}
    for _ in range(3):
        answer = await ada.post(f"{day}/entries", form, headers=HTMX)
        assert _entries(await answer.text()) == ["said once"]
    assert (await ada.post(f"{day}/draft", form | {"text": "said on"})).status == 204
    assert _draft(await ada.page(day)) == "", "a draft that comes late does not bring it back"
    assert (await ada.field(day))["key"] != form["key"]
    # Nothing of it is in the session: neither another one nor a lock in between makes it two.
    await set_up.vaults.lock(person.id)
    await ada.post(f"{day}/entries", form)
    await ada.sign_in()
    assert _entries(await ada.page(day)) == ["said once"]
    # Other words are another entry, whatever they are called.
    await ada.post(f"{day}/entries", form | {"text": "said differently"})
    assert _entries(await ada.page(day)) == ["said once", "said differently"]


async def test_an_entry_written_on_another_day_says_when(
    ada: Browser, set_up: Stage, day: str
) -> None:
    await ada.post(f"{day}/entries", {"text": "today"})
    assert "Added" not in await ada.page(day)
    for other, told in (
        ("2026-11-01", "Added 2 November, 01:00"),
        ("2019-07-04", "Added 2 November 2026, 01:00"),
    ):
        await ada.post(f"/day/{other}/entries", {"text": "remembered"})
        assert told in await ada.page(f"/day/{other}")


@pytest.mark.parametrize(
    ("text", "folded"),
    [("line\n" * 39 + "end", False), ("line\n" * 45, True), ("x" * 9_000, True)],
    ids=["not yet", "lines", "one line"],
)
async def test_a_very_long_entry_is_folded(ada: Browser, day: str, text: str, folded: bool) -> None:
    page = await (await ada.post(f"{day}/entries", {"text": text})).text()
    assert ("Show all" in page) is folded
    assert _entries(page) == [text.strip()], "all of it is on the page"


async def test_without_a_script_the_page_comes_back_at_the_new_entry(
    ada: Browser, day: str
) -> None:
    answer = await ada.post(f"{day}/entries", {"text": "here"}, allow_redirects=False)
    found = re.fullmatch(rf"{day}#(entry-\w+)", answer.headers["Location"])
    assert found
    assert f'id="{found[1]}"' in await ada.page(day)


async def test_a_draft_longer_than_an_entry_is_kept_and_says_so(ada: Browser, day: str) -> None:
    for text, status in (("x" * 100_000, 204), ("x" * 100_001, 200), (" \n", 204)):
        form = await ada.field(day) | {"text": text}
        answer = await ada.post(f"{day}/draft", form, headers=HTMX)
        assert answer.status == status
        if status == 200:
            assert answer.headers["HX-Retarget"] == "#notice"
            assert "An entry holds 100,000 characters" in await answer.text()
        assert _draft(await ada.page(day)) == text


async def test_htmx_gets_the_entries_and_a_fresh_composition(ada: Browser, day: str) -> None:
    form = await ada.field(day) | {"text": "hello"}
    key = form["key"]
    page = await (await ada.post(f"{day}/entries", form, headers=HTMX)).text()
    assert "<html" not in page
    assert _entries(page) == ["hello"]
    assert key not in page
    assert 'id="composition"' in page
    assert ">Saved</span>" in page


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 100_001])
async def test_what_no_entry_can_be_is_refused_and_given_back(
    ada: Browser, day: str, text: str
) -> None:
    answer = await ada.post(f"{day}/entries", {"text": text, "key": "k"})
    page = await answer.text()
    assert answer.status == 422
    assert text in page
    assert (await ada.post(f"{day}/entries", {"text": "short", "key": "k"})).status == 200
    assert _entries(await ada.page(day)) == ["short"]


async def test_a_failed_save_gives_the_text_back_and_may_be_repeated(
    ada: Browser, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError("The disk is full.")

    form = await ada.field(day) | {"text": "do not lose me"}
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "add", fail)
        answer = await ada.post(f"{day}/entries", form)
        assert answer.status == 507
        page = await answer.text()
        assert "do not lose me</textarea>" in page
        assert "full, read-only or failing" in page
        notice = await ada.post(f"{day}/entries", form, headers=HTMX)
        assert notice.headers["HX-Retarget"] == "#notice"
    assert _entries(await (await ada.post(f"{day}/entries", form)).text()) == ["do not lose me"]


async def test_writing_to_a_locked_vault_seals(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    await ada.post(f"{day}/entries", {"text": "before"})
    await set_up.vaults.lock(person.id)
    answer = await ada.post(f"{day}/entries", {"text": "while locked", "key": "k"}, headers=HTMX)
    page = await answer.text()
    assert answer.status == 200
    assert "Sealed into your inbox" in page
    assert "before" not in page
    assert "while locked" not in page
    assert "Sealed into your inbox" in await ada.page(day), "still said after a reload"
    await ada.post(f"{day}/entries", {"text": "without a script"})

    await ada.sign_in()
    page = await ada.page(day)
    assert _entries(page) == ["before", "while locked", "without a script"]
    await set_up.vaults.lock(person.id)
    assert "Sealed into your inbox" not in await ada.page(day), "nothing waits any more"


async def test_a_draft_on_a_locked_vault_closes_the_page_and_keeps_its_field(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    await set_up.vaults.lock(person.id)
    answer = await ada.post(f"{day}/draft", {"text": "words", "key": "k"}, headers=HTMX)
    assert answer.status == 423
    assert answer.headers["HX-Retarget"] == "#entries"
    assert 'name="secret"' in await answer.text()


async def test_a_draft_left_behind_on_a_locked_vault_is_sealed_once(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    form = await ada.field(day) | {"text": "left behind", "leaving": "1"}
    await set_up.vaults.lock(person.id)
    for _ in range(2):
        assert (await ada.post(f"{day}/draft", form)).status == 204
    assert (await ada.post(f"{day}/draft", {"text": " ", "leaving": "1"})).status == 204
    await ada.sign_in()
    page = await ada.page(day)
    assert _entries(page) == []
    assert _draft(page) == "left behind", "nobody sent it, so it is unfinished still"
    assert "Unfinished" not in page
    assert (await ada.field(day))["key"] == form["key"]


@pytest.mark.parametrize("path", ["entries", "draft"])
async def test_signed_out_while_writing_the_page_asks_in_place(
    browser: Browser, set_up: Stage, path: str
) -> None:
    await set_up.person()
    day = f"/day/{set_up.today}"
    answer = await browser.post(f"{day}/{path}", {"text": "x"}, headers=HTMX)
    assert answer.status == 401
    assert answer.headers["HX-Retarget"] == "#entries"
    assert 'name="name"' in await answer.text()
    assert (await browser.post(f"{day}/{path}", {"text": "x"})).url.path == "/sign-in"


async def test_a_browser_left_behind_reads_nothing_when_another_unlocks(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    await ada.post(f"{day}/entries", {"text": "between us"})
    assert _entries(await ada.page(day)) == ["between us"]
    await set_up.vaults.lock(person.id)
    async with set_up.browser() as other:
        await other.sign_in()
        assert _entries(await other.page(day)) == ["between us"]
        left = await ada.page(day)
        assert _entries(left) == []
        assert "door-secret" in left
        assert (await ada.get(f"{day}/draft")).status == 423
        news = await ada.get(f"{day}/house?vault=open", headers=HTMX)
        assert news.status == 423
        assert "between us" not in await news.text()
        # What is written there is kept all the same.
        await ada.post(f"{day}/entries", {"text": "from the kitchen"})
        assert _entries(await other.page(day)) == ["between us", "from the kitchen"]
        await ada.sign_in()
        assert len(_entries(await ada.page(day))) == 2


async def test_a_page_can_ask_for_the_draft_it_overtook(
    set_up: Stage, ada: Browser, day: str
) -> None:
    form = await ada.field(day) | {"text": "half <b>a</b> thought"}
    where = f"{day}/draft?key={form['key']}"
    assert (await ada.get(where)).status == 204, "there is none"
    await ada.post(f"{day}/draft", form)
    answer = await ada.get(where)
    assert answer.content_type == "application/json"
    assert await answer.json() == {"text": form["text"], "key": form["key"], "base": 1}
    async with set_up.browser() as nobody:
        answer = await nobody.get(where, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


@pytest.mark.parametrize("base", ["9" * 5000, "-1", "1.0", "٣", "x", ""])
async def test_a_draft_on_no_revision_is_kept_all_the_same(
    set_up: Stage, ada: Browser, base: str
) -> None:
    """Python refuses to read thousands of digits as a number."""
    path = f"/day/{set_up.today}"
    for where in ("draft", "entries"):
        form = {"text": f"the boiler, {where}", "base": base}
        assert (await ada.post(f"{path}/{where}", form, headers=HTMX)).status < 300
    page = await ada.page(path)
    assert "the boiler, draft" in page
    assert "the boiler, entries" in page


async def test_two_windows_that_write_keep_both_texts(ada: Browser, day: str) -> None:
    one, other = await ada.field(day), await ada.field(day)
    await ada.post(f"{day}/draft", one | {"text": "in the one"}, headers=HTMX)
    answer = await ada.post(f"{day}/draft", other | {"text": "in the other"}, headers=HTMX)
    assert answer.status == 204, "two texts from the start"
    page = await ada.page(day)
    assert _draft(page) == "in the other"
    assert "in the one" in page[page.index("Unfinished") :]


async def test_a_text_that_goes_on_in_two_windows_parts_there(ada: Browser, day: str) -> None:
    begun = await ada.field(day)
    await ada.post(f"{day}/draft", begun | {"text": "The snow"})
    one, other = await ada.field(day), await ada.field(day)
    assert one["key"] == other["key"] == begun["key"]
    await ada.post(f"{day}/draft", one | {"text": "The snow fell."}, headers=HTMX)
    answer = await ada.post(f"{day}/draft", other | {"text": "The snow melted."}, headers=HTMX)
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "Both are kept" in await answer.text()
    parted = other | {"key": answer.headers["Draft-Key"], "base": answer.headers["Draft-Base"]}
    assert parted["key"] != begun["key"]
    answer = await ada.post(f"{day}/draft", parted | {"text": "The snow melted soon."})
    assert answer.status == 204
    page = await ada.page(day)
    assert _draft(page) == "The snow melted soon."
    assert "The snow fell." in page
    page = await ada.page(f"{day}?draft={begun['key']}")
    assert _draft(page) == "The snow fell."
    await ada.post(f"{day}/discard", {"key": begun["key"]})
    assert "The snow fell." not in await ada.page(day)


async def test_what_one_window_sends_the_other_goes_on_with(ada: Browser, day: str) -> None:
    begun = await ada.field(day)
    await ada.post(f"{day}/draft", begun | {"text": "The snow"})
    one, other = await ada.field(day), await ada.field(day)
    await ada.post(f"{day}/entries", one | {"text": "The snow fell."})
    answer = await ada.post(f"{day}/draft", other | {"text": "The snow melted."}, headers=HTMX)
    assert "Both are kept" in await answer.text()
    page = await ada.page(day)
    assert _entries(page) == ["The snow fell."]
    assert _draft(page) == "The snow melted."


async def test_what_the_house_wrote_says_where_it_is_from(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    await set_up.vaults.drop(person, "The engineer <came>.", day=None, source="Home <Assistant>")
    page = await ada.page(day)
    assert "from Home &lt;Assistant&gt;" in page
    assert _entries(page) == ["The engineer &lt;came&gt;."]
    assert "entry-house" in page


async def test_the_house_noticed_today(
    set_up: Stage, ada: Browser, day: str, tmp_path: Path
) -> None:
    assert "<h2>The house noticed</h2>" not in await ada.page(day)
    await notice(set_up, tmp_path / "node", 7, set_up.clock, "CO₂ is <b>high</b>.")
    for page in (await ada.page(day), await ada.page(f"{day}/house?vault=open")):
        assert page.count("CO₂ is &lt;b&gt;high&lt;/b&gt;.") == 7
        assert "2 more" in page
        assert page.index("01:07") < page.index("01:06"), "newest first, in the house's time zone"
    assert "The house noticed</h2>" not in await ada.page("/day/2026-10-31")


async def test_a_past_day_shows_what_the_house_noticed_then(
    set_up: Stage, ada: Browser, day: str, tmp_path: Path
) -> None:
    await notice(set_up, tmp_path / "first", 2, set_up.clock)
    set_up.clock.advance(24 * 60 * 60_000)
    await notice(set_up, tmp_path / "second", 3, set_up.clock)
    ahead = ManualClock(set_up.clock.wall_ms() + 24 * 60 * 60_000)
    await notice(set_up, tmp_path / "ahead", 4, ahead)
    await ada.sign_in()
    assert (await ada.page(day)).count("CO₂ is high.") == 2
    assert (await ada.page(f"{day}/house?vault=open")).count("CO₂ is high.") == 2
    today = set_up.today
    assert (await ada.page(f"/day/{today}")).count("CO₂ is high.") == 3
    coming = await ada.page(f"/day/{today + timedelta(days=1)}")
    assert "CO₂ is high." not in coming, "a clock is ahead"
    for edge in ("0001-01-01", "9999-12-31"):
        assert "The house noticed</h2>" not in await ada.page(f"/day/{edge}")


async def test_a_number_stays_with_its_unit(
    set_up: Stage, ada: Browser, day: str, tmp_path: Path
) -> None:
    sentence = "CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm."
    await notice(set_up, tmp_path / "node", 1, set_up.clock, sentence)
    page = await ada.page(day)
    assert "CO₂ is 1,840\N{NBSP}ppm. It is usually between 420 and 1,100\N{NBSP}ppm." in page


async def test_all_of_it_is_there_and_an_unsure_time_is_said_to_be(
    set_up: Stage, ada: Browser, day: str, tmp_path: Path
) -> None:
    unsure = ManualClock(set_up.clock.wall_ms(), "unset")
    await notice(set_up, tmp_path / "node", 60, unsure)
    page = await ada.page(day)
    assert "55 more" in page
    assert page.count("CO₂ is high.") == page.count(">about ") == 60


async def test_writing_goes_on_without_the_house(
    set_up: Stage, ada: Browser, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_day: date) -> None:
        raise StorageError("The house book is gone.")

    monkeypatch.setattr(set_up.book, "observations", fail)
    page = await ada.page(day)
    assert "does not answer just now" in page
    assert 'id="words"' in page


async def test_an_open_page_closes_when_its_vault_has_locked(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    assert (await ada.get(f"{day}/house?vault=open", headers=HTMX)).status == 200
    await set_up.vaults.lock(person.id)
    closed = await ada.get(f"{day}/house?vault=open", headers=HTMX)
    assert closed.status == 423
    assert closed.headers["HX-Retarget"] == "#entries"
    assert (await ada.get(f"{day}/house?vault=locked", headers=HTMX)).status == 200, (
        "a door that stands there already is left alone: somebody may be typing"
    )
    await ada.post("/lock")
    assert (await ada.get(f"{day}/house?vault=open", headers=HTMX)).status == 401
    assert (await ada.get(f"{day}/house?vault=signed_out", headers=HTMX)).status == 204


def _slow_rendering(patch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Rendering says by the first event that it has begun, and waits for the second."""
    begun, go_on, real = threading.Event(), threading.Event(), contents.render

    def slow(text: str) -> Markup:
        begun.set()
        go_on.wait(10)
        return real(text)

    patch.setattr(contents, "render", slow)
    return begun, go_on


@pytest.mark.parametrize(
    ("path", "status"), [("", 200), ("?change=", 200), ("/house?vault=open", 423)]
)
async def test_an_answer_under_way_when_the_vault_locks_holds_no_text(
    set_up: Stage,
    ada: Browser,
    person: Person,
    day: str,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    status: int,
) -> None:
    await ada.post(f"{day}/entries", {"text": "the canary sang"})
    draft = {"text": "the canary hums", "key": "d" * 32, "writer": "e" * 32}
    await ada.post(f"{day}/draft", draft)
    if path == "?change=":
        path += re.findall(r'id="entry-([0-9a-f]{32})"', await ada.page(day))[0]
    rendering, locked = _slow_rendering(monkeypatch)
    asked = asyncio.create_task(ada.get(day + path, headers=HTMX))
    await asyncio.to_thread(rendering.wait, 10)
    await set_up.vaults.lock(person.id)
    locked.set()
    answer = await asked
    assert answer.status == status
    assert "door-secret" in await answer.text()
    assert "the canary" not in await answer.text()


async def test_a_page_waits_for_nothing_with_text_in_hand(
    set_up: Stage, ada: Browser, person: Person, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lock(_day: date) -> list[Observation]:
        await set_up.vaults.lock(person.id)
        return []

    await ada.post(f"{day}/entries", {"text": "the canary sang"})
    monkeypatch.setattr(set_up.book, "observations", lock)
    page = await ada.page(day)
    assert "door-secret" in page
    assert "the canary" not in page


async def test_an_entry_sent_while_the_vault_locks_is_kept_and_its_answer_is_the_door(
    set_up: Stage, ada: Browser, person: Person, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering, locked = _slow_rendering(monkeypatch)
    sent = asyncio.create_task(
        ada.post(f"{day}/entries", {"text": "the canary sang"}, headers=HTMX)
    )
    await asyncio.to_thread(rendering.wait, 10)
    await set_up.vaults.lock(person.id)
    locked.set()
    answer = await sent
    assert answer.status == 200
    assert "door-secret" in await answer.text()
    assert "the canary" not in await answer.text()
    await ada.sign_in()
    assert _entries(await ada.page(day)) == ["the canary sang"]


async def test_an_open_page_learns_what_is_new_and_only_that(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    async def ask(page: str) -> tuple[int, str]:
        shows = dict(re.findall(r'name="(vault|entries_mark|house_mark)" value="(\w*)"', page))
        answer = await ada.get(f"{day}/house", params=shows, headers=HTMX)
        return answer.status, await answer.text()

    page = await ada.page(day)
    assert await ask(page) == (204, "")
    await set_up.vaults.drop(person, "The engineer came.", day=None, source="Home Assistant")
    status, news = await ask(page)
    assert status == 200
    assert _entries(news) == ["The engineer came."]
    assert await ask(news) == (204, "")


async def test_asking_the_house_does_not_keep_the_vault_open(
    set_up: Stage, ada: Browser, person: Person, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(_: str) -> None:
        raise AssertionError("the idle timer was reset")

    monkeypatch.setattr(set_up.vaults, "journal", used)
    assert (await ada.get(f"{day}/house?vault=open", headers=HTMX)).status == 200
