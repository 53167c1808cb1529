"""Entries are changed, moved, deleted and brought back; nothing of it takes words away."""

import re

import pytest

from herdbook.llama.people import Person
from tests.llama.panel.stage import HTMX, Browser, Stage

OTHER = "2026-10-31"


@pytest.fixture
def person(set_up: Stage, ada: Browser) -> Person:
    return set_up.vaults.people.find(name="Ada")


@pytest.fixture
def day(set_up: Stage, ada: Browser) -> str:
    """The path of today's page."""
    return f"/day/{set_up.today}"


async def _write(ada: Browser, day: str, text: str) -> str:
    """The id of a new entry."""
    answer = await ada.post(f"{day}/entries", {"text": text}, allow_redirects=False)
    return answer.headers["Location"].partition("#entry-")[2]


def _texts(page: str) -> list[str]:
    return re.findall(r'<div class="entry-text" dir="auto"><p>(.*?)</p>', page, re.DOTALL)


async def test_an_entry_is_changed_and_what_it_said_is_kept(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "The first snw.")
    await _write(ada, day, "And tea.")
    change = f"{day}?change={entry}"
    page = await ada.page(change)
    assert "The first snw.</textarea>" in page
    assert "You are changing the entry of 01:00." in page
    form = await ada.field(change)
    assert form["entry"] == entry
    await ada.post(f"{day}/draft", form | {"text": "The first sno"})
    assert "You have begun to change this." in await ada.page(day)
    assert "The first sno</textarea>" in await ada.page(change)
    answer = await ada.post(f"{day}/entries", form | {"text": "The first snow."})
    page = await answer.text()
    assert _texts(page) == ["The first snow.", "And tea."], "it stays where it was"
    assert "You have begun to change this." not in page
    assert f'href="/entry/{entry}/versions"' in page
    page = await ada.page(f"/entry/{entry}/versions")
    assert _texts(page) == ["The first snow.", "The first snw."]
    # What comes late does not begin the change anew.
    await ada.post(f"{day}/draft", form | {"text": "The first snow"})
    assert "You have begun to change this." not in await ada.page(day)


async def test_htmx_is_sent_on_to_the_changed_entry(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "one")
    form = await ada.field(f"{day}?change={entry}")
    answer = await ada.post(f"{day}/entries", form | {"text": "two"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"{day}#entry-{entry}"


async def test_an_entry_is_moved_to_another_day(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "yesterday, that is")
    form = await ada.field(f"{day}?change={entry}") | {"text": "yesterday, that is", "to": OTHER}
    answer = await ada.post(f"{day}/entries", form)
    assert answer.url.path == f"/day/{OTHER}"
    assert _texts(await answer.text()) == ["yesterday, that is"]
    assert "versions" not in await ada.page(f"/day/{OTHER}"), "its text is the same"
    assert _texts(await ada.page(day)) == []
    assert (await ada.post(f"{day}/entries", form | {"to": "2026-02-30"})).status == 404


async def test_a_change_from_an_old_page_moves_nothing(ada: Browser, day: str) -> None:
    """The entry went to another day on another device."""
    entry = await _write(ada, day, "here")
    form = await ada.field(f"{day}?change={entry}")
    await ada.post(f"{day}/entries", form | {"text": "there", "to": OTHER})
    form = await ada.field(f"{day}?change={entry}")
    assert form["to"] == OTHER
    answer = await ada.post(f"{day}/entries", form | {"text": "there still"})
    assert answer.url.path == f"/day/{OTHER}"


async def test_a_change_on_a_locked_vault_waits_as_it_is(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    entry = await _write(ada, day, "before")
    form = await ada.field(f"{day}?change={entry}") | {"text": "before and after"}
    await set_up.vaults.lock(person.id)
    answer = await ada.post(f"{day}/entries", form, headers=HTMX)
    page = await answer.text()
    assert "Sealed into your inbox" in page
    assert "before" not in page
    assert 'name="entry"' not in page, "what is written next is an entry of its own"
    await ada.sign_in()
    page = await ada.page(day)
    assert _texts(page) == ["before"]
    assert "You have begun to change this." in page
    assert "before and after</textarea>" in await ada.page(f"{day}?change={entry}")


async def test_a_change_is_thrown_away(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "as it was")
    form = await ada.field(f"{day}?change={entry}")
    await ada.post(f"{day}/draft", form | {"text": "as it should be"})
    answer = await ada.post(f"{day}/discard", {"key": form["key"]})
    assert answer.url.path == day
    page = await answer.text()
    assert _texts(page) == ["as it was"]
    assert "You have begun" not in page


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
async def test_a_deleted_entry_can_be_brought_back(
    set_up: Stage, ada: Browser, day: str, headers: dict[str, str]
) -> None:
    first = await _write(ada, day, "one")
    set_up.clock.advance(60_000)
    await _write(ada, day, "two")
    page = await (await ada.post(f"/entry/{first}/delete", headers=headers)).text()
    assert _texts(page) == ["two"]
    assert "The entry of 01:00 is deleted." in page
    assert "one" not in _texts(page)
    page = await (await ada.post(f"/entry/{first}/restore", headers=headers)).text()
    assert _texts(page) == ["one", "two"]
    assert (await ada.post(f"/entry/{first}/restore")).status == 200, "a second tap harms nothing"


async def test_a_deleted_entry_is_forgotten_when_the_vault_locks(
    set_up: Stage, ada: Browser, person: Person, day: str
) -> None:
    entry = await _write(ada, day, "never said")
    form = await ada.field(f"{day}?change={entry}")
    await ada.post(f"{day}/entries", form | {"text": "said once"})
    await ada.post(f"{day}/draft", form | {"key": "0" * 32, "text": "said twice"})
    await ada.post(f"/entry/{entry}/delete")
    await set_up.vaults.lock(person.id)
    await ada.sign_in()
    page = await ada.page(day)
    assert "deleted" not in page
    assert "said" not in page
    assert (await ada.post(f"/entry/{entry}/restore")).status == 404
    assert (await ada.get(f"/entry/{entry}/versions")).status == 404


@pytest.mark.parametrize("path", ["versions", "delete", "restore"])
async def test_no_entry_is_no_fault_of_ours(ada: Browser, day: str, path: str) -> None:
    for entry in ("0" * 32, "’", "x" * 500):
        ask = ada.get if path == "versions" else ada.post
        answer = await ask(f"/entry/{entry}/{path}")
        assert answer.status == 404
        assert "is not in the journal" in await answer.text()
    assert (await ada.get(f"{day}?change={'0' * 32}")).status == 404
    assert (await ada.get(f"{day}?change=x&draft=y")).status == 200


async def test_nobody_reaches_the_entries_of_another(set_up: Stage, ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "mine")
    await set_up.person("Ben")
    async with set_up.browser() as ben:
        await ben.sign_in("Ben")
        for path in ("delete", "restore"):
            assert (await ben.post(f"/entry/{entry}/{path}")).status == 404
        assert (await ben.get(f"{day}?change={entry}")).status == 404
    assert _texts(await ada.page(day)) == ["mine"]


async def test_an_open_page_hears_of_changes_and_deletions(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "one")
    page = await ada.page(day)

    async def ask() -> tuple[int, str]:
        shows = dict(re.findall(r'name="(vault|entries_mark|house_mark)" value="(\w*)"', page))
        answer = await ada.get(f"{day}/house", params=shows, headers=HTMX)
        return answer.status, await answer.text()

    assert (await ask())[0] == 204
    form = await ada.field(f"{day}?change={entry}")
    await ada.post(f"{day}/entries", form | {"text": "two"})
    status, page = await ask()
    assert (status, _texts(page)) == (200, ["two"])
    await ada.post(f"/entry/{entry}/delete")
    status, page = await ask()
    assert (status, _texts(page)) == (200, [])


async def test_what_stands_in_the_field_is_not_unfinished_beside_it(ada: Browser, day: str) -> None:
    entry = await _write(ada, day, "one")
    field = await ada.field(day)
    await ada.post(f"{day}/draft", field | {"text": "half a thou"})
    answer = await ada.post(f"/entry/{entry}/delete", {"key": field["key"]}, headers=HTMX)
    assert "half a thou" not in await answer.text()
    answer = await ada.post(f"/entry/{entry}/restore", {}, headers=HTMX)
    assert "half a thou" in await answer.text(), "on a page with another text it is"
