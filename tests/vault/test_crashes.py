"""`kill -9` between every two writes: always one way in, with everything behind it."""

import asyncio
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from herdbook.errors import VaultError, WrongSecret
from herdbook.journal.checks import problems
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.backup import export_vault, unpack, unpacked
from herdbook.vault.decryptor import herdbook_decrypt
from herdbook.vault.folder import open_header
from herdbook.vault.header import way_in
from herdbook.vault.inbox import Inbox
from herdbook.vault.pages import open_pages
from herdbook.vault.vault import (
    Draft,
    create_vault,
    draft_vault,
    inbox_keys,
    open_vault,
    remove_half_made,
)
from herdbook.vault.verify import verify
from tests.fakes.clock import ManualClock
from tests.vault.crash import DAY, FAST, MEANWHILE, NEW_PASSWORD, PASSWORD, drop

pytestmark = pytest.mark.shipped

ROOT = Path(__file__).parents[2]
WRITTEN = [f"Entry {number}. {'snow' * 40}" for number in range(60)]
WAITING = ["Waiting one.", "Waiting two."]


@dataclass
class Crashes:
    """The folders that a process left, one for each step it died at and one where it did not."""

    steps: list[str]
    code: str
    states: list[Path]


@pytest.fixture
async def template(tmp_path: Path) -> tuple[Path, Draft]:
    """A vault as a crash left it: entries partly in the log, drops in the inbox."""
    draft = await asyncio.to_thread(draft_vault, PASSWORD, FAST)
    vault = await create_vault(tmp_path / "vaults", draft, SCHEMA)
    journal = Journal(vault, ManualClock())
    for text in WRITTEN:
        await journal.add(DAY, text)
    folder = tmp_path / "template"
    shutil.copytree(tmp_path / "vaults" / vault.vault_id, folder)
    await vault.database.close()
    assert (folder / "journal.db-wal").stat().st_size > 0
    for text in WAITING:
        drop(folder, text)
    return folder, draft


async def _crashes(operation: str, template: Path, states: Path) -> Crashes:
    states.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.vault.crash", operation, str(template), str(states)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        said, _ = await process.communicate()
    assert process.returncode == 0
    result = json.loads(said)
    folders = [states / str(number) for number in range(len(result["steps"]) + 1)]
    return Crashes(result["steps"], result["code"], folders)


async def _opens(state: Path, secret: str) -> list[str] | None:
    """All entries of a vault, its inbox absorbed; None when the secret is wrong."""
    try:
        vault = await open_vault(state, secret, SCHEMA)
    except WrongSecret:
        return None
    journal = Journal(vault, ManualClock())
    await journal.absorb()
    entries = await journal.on_day(DAY)
    assert await asyncio.to_thread(vault.inbox.count_refused) == 0
    await vault.database.close()
    return sorted(entry.text for entry in entries)


async def _check(state: Path, works: list[str], either: tuple[str, str], *, died: bool) -> str:
    """All `works` open the state, and exactly one of `either`, which is returned."""
    if b"successor" in (state / "header.json").read_bytes():
        assert not (state / "journal.db-wal").exists()
    expected = sorted(WRITTEN + WAITING + ([MEANWHILE] if died else []))
    opened = []
    for secret in (*works, *either):
        copy = state.with_name(f"{state.name}-copy")
        shutil.copytree(state, copy)
        found = await _opens(copy, secret)
        if found is not None:
            assert found == expected
            assert {path.name for path in copy.iterdir()} == {
                "header.json",
                "journal.db",
                "inbox.db",
            }
            opened.append(secret)
            # Once one way in was taken, the other is still closed.
            others = [other for other in either if other != secret]
            assert secret not in either or await _opens(copy, others[0]) is None
        shutil.rmtree(copy)
    assert opened[: len(works)] == works
    assert len(opened) == len(works) + 1
    return opened[-1]


async def test_a_creation_killed_anywhere_leaves_a_whole_vault_or_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    crashes = await _crashes("creation", tmp_path / "empty", tmp_path / "states")
    made = []
    for state in crashes.states:
        remove_half_made(state)
        vaults = list(state.iterdir())
        made.append(len(vaults))
        for vault in vaults:
            for secret in (PASSWORD, crashes.code):
                assert await _opens(vault, secret) == []
    assert len(crashes.steps) >= 8
    assert made == sorted(made), "once it is there it stays"
    assert (made[0], made[-1]) == (0, 1)


@pytest.mark.parametrize(
    ("operation", "fewest"), [("password", 10), ("code", 10), ("rotation", 20)]
)
async def test_a_change_of_keys_killed_anywhere_leaves_one_way_in(
    template: tuple[Path, Draft], tmp_path: Path, operation: str, fewest: int
) -> None:
    folder, draft = template
    crashes = await _crashes(operation, folder, tmp_path / "states")
    works, old, new = (
        ([draft.recovery_code], PASSWORD, NEW_PASSWORD)
        if operation == "password"
        else ([PASSWORD], draft.recovery_code, crashes.code)
    )
    last = len(crashes.steps)
    ways = [
        await _check(state, works, (old, new), died=number < last)
        for number, state in enumerate(crashes.states)
    ]
    assert last >= fewest
    turn = ways.index(new)
    assert ways == [old] * turn + [new] * (len(ways) - turn)
    assert 0 < turn < last


@pytest.mark.parametrize("operation", ["password", "rotation"])
async def test_a_recovery_killed_anywhere_is_recovered(
    template: tuple[Path, Draft], tmp_path: Path, operation: str
) -> None:
    """Every kind of state that a crash left, and a crash at every step of making up for it."""
    folder, _ = template
    crashes = await _crashes(operation, folder, tmp_path / "states")
    seen: set[tuple[bool, ...]] = set()
    for number, state in enumerate(crashes.states[:-1]):
        kind = _kind(state, folder)
        if kind in seen:
            continue
        seen.add(kind)
        new = operation == "password" and await _new_password(state)
        again = await _crashes(
            "recovery after password" if new else "recovery", state, tmp_path / f"again-{number}"
        )
        for after in again.states:
            found = await _opens(after, NEW_PASSWORD if new else PASSWORD)
            assert found is not None, (crashes.steps[number], after.name)
            texts = sorted(text for text in found if text != MEANWHILE)
            assert texts == sorted(WRITTEN + WAITING)
            assert len(found) - len(texts) == (1 if after == again.states[-1] else 2)
    assert len(seen) >= 4


@pytest.mark.parametrize("operation", ["password", "code", "rotation"])
async def test_what_a_kill_leaves_is_read_alike_by_every_reader(
    template: tuple[Path, Draft], tmp_path: Path, operation: str
) -> None:
    folder, draft = template
    crashes = await _crashes(operation, folder, tmp_path / "states")
    seen: set[tuple[bool, ...]] = set()
    for number, state in enumerate(crashes.states):
        if _kind(state, folder) in seen:
            continue
        seen.add(_kind(state, folder))
        export = tmp_path / f"{number}.tar"
        export_vault(state, export, person="Ada", made="now")
        unpack(export, tmp_path / f"{number}-imported")
        opened = 0
        for secret in (PASSWORD, NEW_PASSWORD, draft.recovery_code, crashes.code):
            copy = Path(shutil.copytree(state, tmp_path / f"{number}-{opened}-copy"))
            expected = _written(copy, secret)
            assert _decrypted(copy, secret) == expected
            assert _decrypted(tmp_path / f"{number}-imported", secret) == expected
            with unpacked(state) as again:
                assert _written(again, secret) == expected
            # Only now, for it ends the change.
            texts = await _opens(copy, secret)
            shutil.rmtree(copy)
            assert (texts is None) == (expected is None)
            if expected is not None and texts is not None:
                opened += 1
                assert texts == expected
        assert opened == 2
        # A change of the password leaves the code as it is, the other two the password.
        kept = draft.recovery_code if operation == "password" else PASSWORD
        ended = await _opens(tmp_path / f"{number}-imported", kept)
        assert ended is not None
        assert len(ended) >= len(WRITTEN) + len(WAITING)
    assert len(seen) >= 4


def _written(folder: Path, secret: str) -> list[str] | None:
    """Entries and drops as verifying a copy finds them; None when the secret is wrong."""
    try:
        opened = open_header(folder, *way_in(secret))
    except WrongSecret:
        return None
    assert verify(folder, secret, problems).problems == []
    with open_pages(folder, opened.dek) as pages:
        texts = [str(row[0]) for row in pages.connection.execute("SELECT text FROM entries")]
        keys = inbox_keys(pages.connection, opened.file.header)
    drops = Inbox(folder / "inbox.db", opened.file.header.vault_id).open_all(*keys)
    texts += [msgspec.msgpack.decode(drop.body, type=DroppedEntry).text for _, drop in drops]
    return sorted(texts)


def _decrypted(folder: Path, secret: str) -> list[str] | None:
    """The same by the independent decryptor."""
    out = folder.with_name(f"{folder.name}.sqlite")
    purpose, text = way_in(secret)
    try:
        assert herdbook_decrypt.decrypt(folder, purpose, text, out)[0] == []
    except herdbook_decrypt.WrongSecret:
        return None
    with closing(sqlite3.connect(out)) as plain:
        rows = plain.execute("SELECT text FROM entries UNION ALL SELECT text FROM inbox").fetchall()
    out.unlink()
    return sorted(text for (text,) in rows)


def _kind(state: Path, before: Path) -> tuple[bool, ...]:
    """What tells one crashed state from another."""
    names = {path.name for path in state.iterdir()}
    return (
        b"successor" in (state / "header.json").read_bytes(),
        *(
            (state / name).read_bytes() == (before / name).read_bytes()
            for name in ("header.json", "journal.db")
        ),
        *(name in names for name in ("header.json.previous", "journal.db.next")),
    )


async def _new_password(state: Path) -> bool:
    copy = state.with_name(f"{state.name}-asked")
    shutil.copytree(state, copy)
    try:
        return await _opens(copy, NEW_PASSWORD) is not None
    except VaultError:
        return False
    finally:
        shutil.rmtree(copy)
