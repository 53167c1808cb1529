"""Every drop becomes one entry: whatever is killed, whenever, however often."""

import asyncio
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.clock import SystemClock
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import Journal
from herdbook.vault.inbox import Inbox, Waiting
from tests.journal import absorbing
from tests.journal.absorbing import PUBLIC, STEPS, VAULT_ID, open_journal

DAY = date(2026, 11, 20)


def _drop(folder: Path, text: str) -> None:
    body = msgspec.msgpack.encode(DroppedEntry(DAY, 0, text, "house", "the door"))
    Inbox(folder / "inbox.db", VAULT_ID).add(PUBLIC, body, paced=False)


async def _texts(folder: Path) -> list[str]:
    """After one more absorbing, which must leave the inbox empty."""
    journal, database = await open_journal(folder)
    try:
        await journal.absorb()
        assert await journal.absorb() == 0
        return [entry.text for entry in await journal.on_day(DAY)]
    finally:
        await database.close()


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_nothing_is_lost_or_doubled(tmp_path: Path, step: str) -> None:
    texts = [f"drop {number}" for number in range(5)]
    for text in texts:
        _drop(tmp_path, text)
    for _ in range(2 if step == "before looking" else 1):
        process = await asyncio.create_subprocess_exec(
            sys.executable, absorbing.__file__, tmp_path, step, stderr=subprocess.PIPE
        )
        _, errors = await process.communicate()
        assert process.returncode == -9, errors.decode()
    _drop(tmp_path, "after the crash")
    assert sorted(await _texts(tmp_path)) == sorted([*texts, "after the crash"])


class Crash(BaseException):
    """The process ends here, as far as the vault can tell."""


STOPS = ("look", "write", "remove", "")


class StoppingInbox(Inbox):
    """Stops before the step that the test names."""

    stop = ""

    def look(self, *secret_keys: bytes) -> Waiting:
        self._stop_at("look")
        found = super().look(*secret_keys)
        self._stop_at("write")
        return found

    def remove(self, rows: list[int]) -> None:
        self._stop_at("remove")
        super().remove(rows)

    def _stop_at(self, step: str) -> None:
        if self.stop == step:
            raise Crash


async def _play(folder: Path, acts: list[str]) -> tuple[list[str], list[str]]:
    dropped: list[str] = []
    journal, database = await open_journal(folder)
    for act in acts:
        if act == "drop":
            dropped.append(f"drop {len(dropped)}")
            _drop(folder, dropped[-1])
        elif act == "copy":
            _copy_a_drop(folder)
        else:
            inbox = StoppingInbox(folder / "inbox.db", VAULT_ID)
            inbox.stop = act
            vault = replace(journal._vault, inbox=inbox)
            stopping = Journal(vault, SystemClock())
            try:
                await stopping.absorb()
            except Crash:
                await database.close()
                journal, database = await open_journal(folder)
    await database.close()
    return dropped, await _texts(folder)


def _copy_a_drop(folder: Path) -> None:
    """Somebody at the files puts the same drop in twice."""
    with Inbox(folder / "inbox.db", VAULT_ID)._connected() as connection:
        connection.execute("INSERT INTO drops(sealed) SELECT sealed FROM drops LIMIT 1")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["drop", "drop", "copy", *STOPS]), max_size=12))
def test_in_any_order_each_drop_becomes_one_entry(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dropped, texts = asyncio.run(_play(Path(folder), acts))
    assert sorted(texts) == sorted(dropped)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"day": "2031-13-45", "text": "x"}),
        msgspec.msgpack.encode(DroppedEntry(DAY, 2**60, "too late", "house", None)),
        msgspec.msgpack.encode(DroppedEntry(DAY, 0, " ", "house", None)),
        msgspec.msgpack.encode(DroppedEntry(DAY, 0, "x" * 100_001, "house", None)),
        msgspec.msgpack.encode(DroppedEntry(DAY, 0, "x", "nobody", None)),  # type: ignore[arg-type]
    ],
    ids=["empty", "no msgpack", "half", "far off", "blank", "too long", "nobody's"],
)
async def test_a_drop_that_is_no_entry_stops_no_other(tmp_path: Path, body: bytes) -> None:
    """Sealing needs no secret: whoever can write the file can put anything in."""
    _drop(tmp_path, "before")
    Inbox(tmp_path / "inbox.db", VAULT_ID).add(PUBLIC, body)
    _drop(tmp_path, "after")
    assert await _texts(tmp_path) == ["before", "after"]
    assert Inbox(tmp_path / "inbox.db", VAULT_ID).count_refused() == 1


def _leave(folder: Path, composition: str, text: str, *, unfinished: bool) -> None:
    """What somebody writes while the vault is locked."""
    dropped = DroppedEntry(DAY, 0, text, "person", None, composition, unfinished)
    body = msgspec.msgpack.encode(dropped)
    Inbox(folder / "inbox.db", VAULT_ID).add(PUBLIC, body, paced=False)


async def _drafts(folder: Path) -> list[str]:
    journal, database = await open_journal(folder)
    try:
        await journal.absorb()
        return sorted(draft.text for draft in await journal.drafts(DAY))
    finally:
        await database.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("xy"), st.text("ab", min_size=1, max_size=3), st.booleans()),
        max_size=8,
    )
)
def test_of_what_is_left_behind_no_word_gets_lost(
    left: list[tuple[str, str, bool]],
) -> None:
    """In any order, and absorbed at any time: each text is an entry, or is in an unfinished one."""

    async def play(folder: Path) -> tuple[list[str], list[str]]:
        for number, (composition, text, unfinished) in enumerate(left):
            _leave(folder, composition, text, unfinished=unfinished)
            if number % 3 == 2:
                await _drafts(folder)
        return await _texts(folder), await _drafts(folder)

    with tempfile.TemporaryDirectory() as folder:
        texts, drafts = asyncio.run(play(Path(folder)))
    sent = {(composition, text) for composition, text, unfinished in left if not unfinished}
    assert sorted(texts) == sorted(text for _, text in sent), "each once"
    for number, (composition, text, _) in enumerate(left):
        # Who sends something else in the end has taken the draft back.
        if not any(later == composition and not open_ for later, _, open_ in left[number + 1 :]):
            assert any(kept.startswith(text) for kept in [*texts, *drafts])


async def test_a_forged_draft_takes_nothing_away(tmp_path: Path) -> None:
    journal, database = await open_journal(tmp_path)
    entry = await journal.add(DAY, "mine")
    assert entry is not None
    await database.close()
    for body in (
        DroppedEntry(DAY, 0, "not yours", "person", None, "x" * 9_000, True, entry.id),
        DroppedEntry(DAY, 0, " ", "person", None, "y", True),
        DroppedEntry(DAY, 0, "z" * 200_001, "person", None, "z", True),
    ):
        Inbox(tmp_path / "inbox.db", VAULT_ID).add(PUBLIC, msgspec.msgpack.encode(body))
    assert await _texts(tmp_path) == ["mine"]
    assert await _drafts(tmp_path) == ["not yours"]
    assert Inbox(tmp_path / "inbox.db", VAULT_ID).count_refused() == 2
