"""A new key for everything, ended or cut short: what is read of it, and what is kept.

That it can be killed anywhere is test_crashes.py's.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import InputError, VaultDamaged, WrongSecret
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.vault.decryptor import herdbook_decrypt
from herdbook.vault.folder import current_header, unlock, unlock_by_password
from herdbook.vault.pages import open_pages
from herdbook.vault.rewrap import change_password, draft_code
from herdbook.vault.rotation import Rotation, draft_rotation, rotate
from herdbook.vault.salvage import salvage
from herdbook.vault.vault import (
    Draft,
    create_vault,
    draft_vault,
    inbox_of,
    is_code_of,
    open_vault,
)
from herdbook.vault.verify import verify

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
CANARY = "the canary sang at dawn"
HALF = "three unrelated \ud800"
"""With half a character, as a terminal that is not set to UTF-8 gives it."""


class Killed(Exception):
    """The process ends here, as far as the files can tell."""


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, FAST)


@pytest.fixture
async def folder(tmp_path: Path, draft: Draft) -> Path:
    """A locked vault with a draft in it and a drop waiting."""
    vault = await create_vault(tmp_path / "vaults", draft, SCHEMA)
    await vault.database.write(
        lambda connection: connection.execute(
            "INSERT INTO drafts(composition, day, writer, revision, saved_ms, text) "
            "VALUES('a', '2026-11-20', '', 1, 0, ?)",
            (CANARY,),
        )
    )
    await vault.database.close()
    vault.inbox.add(draft.header.header.inbox_public_key, b"a drop")
    return tmp_path / "vaults" / vault.vault_id


def _rotate_until(folder: Path, last: str) -> Rotation:
    new = draft_rotation(folder, PASSWORD)
    seen = []

    def step(name: str) -> None:
        seen.append(name)
        if name == last and (folder / "header.json.previous").exists():
            raise Killed

    with pytest.raises(Killed):
        rotate(folder, new, step=step)
    assert current_header(folder).successor is not None
    return new


BEFORE, AFTER = "the header is replaced", "the new database is durably in place"


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_drop_outlives_any_number_of_new_keys(folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        rotate(folder, draft_rotation(folder, PASSWORD))
        inbox, public_key = inbox_of(folder)
        inbox.add(public_key, b"another %d" % number)
    herdbook_decrypt.decrypt(folder, "password", PASSWORD, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out")) as plain:
        # These bodies are no entries, which is said of a drop only once it has opened.
        reasons = plain.execute("SELECT refused FROM inbox").fetchall()
    assert reasons == [("it is longer than it says",)] * 4
    assert verify(folder, PASSWORD, problems).drops == 4
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    await vault.database.close()
    assert len(vault.inbox_keys) == 4
    bodies = [drop.body for _, drop in vault.inbox.open_all(*vault.inbox_keys)]
    assert bodies == [b"a drop", b"another 0", b"another 1", b"another 2"]


@pytest.mark.parametrize("last", [BEFORE, AFTER])
def test_a_damaged_first_page_ends_no_change(folder: Path, tmp_path: Path, last: str) -> None:
    """What the change began may be all that is left; the readers find the rest."""
    new = _rotate_until(folder, last)
    data = bytearray((folder / "journal.db").read_bytes())
    data[1_000] ^= 1
    (folder / "journal.db").write_bytes(data)
    before = _files(folder)
    with pytest.raises(VaultDamaged, match=r"first page.*salvage"):
        unlock(folder, PASSWORD)
    assert _files(folder) == before
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert verify(copy, PASSWORD, problems).damaged_pages == [1]
    result = salvage(copy, PASSWORD, tmp_path / "new", SCHEMA)
    assert (result.saved["drafts"], result.inbox_kept) == (1, True)
    report = verify(tmp_path / "new", PASSWORD, problems)
    assert (report.problems, report.drops) == ([], 1)
    header = new.before.header if last == BEFORE else new.header.header
    assert current_header(tmp_path / "new").header.key_id == header.key_id


@pytest.mark.parametrize("last", [BEFORE, AFTER])
def test_a_whole_vault_is_salvaged_amid_a_change(folder: Path, tmp_path: Path, last: str) -> None:
    new = _rotate_until(folder, last)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    result = salvage(copy, PASSWORD, tmp_path / "new", SCHEMA)
    assert (result.saved["drafts"], result.damaged_pages) == (1, [])
    dek = unlock(tmp_path / "new", PASSWORD)
    assert dek == (new.former_dek if last == BEFORE else new.dek)
    with open_pages(tmp_path / "new", dek) as pages:
        assert pages.connection.execute("SELECT text FROM drafts").get == CANARY
    assert verify(tmp_path / "new", PASSWORD, problems).drops == 1


def test_a_stand_in_for_another_database_takes_no_place(folder: Path) -> None:
    """A header that still holds the new key, if damaged, is not replaced by one that does not."""
    _rotate_until(folder, AFTER)
    header = (folder / "header.json").read_bytes()
    (folder / "header.json").write_bytes(header.replace(b'"mac"', b'"Mac"', 1))
    before = _files(folder)
    with pytest.raises(VaultDamaged, match="do not belong together"):
        unlock(folder, PASSWORD)
    assert _files(folder) == before


@pytest.mark.parametrize(
    "use",
    [unlock, unlock_by_password, draft_code, draft_rotation],
    ids=lambda use: use.__name__,
)
def test_half_a_character_is_a_wrong_secret(
    folder: Path, use: Callable[[Path, str], object]
) -> None:
    before = _files(folder)
    with pytest.raises(WrongSecret):
        use(folder, HALF)
    with pytest.raises(WrongSecret):
        change_password(folder, HALF, PASSWORD)
    assert _files(folder) == before


def test_half_a_character_makes_no_password(folder: Path, draft: Draft) -> None:
    before = _files(folder)
    with pytest.raises(InputError, match="not whole"):
        change_password(folder, PASSWORD, HALF)
    assert _files(folder) == before
    with pytest.raises(InputError, match="not whole"):
        draft_vault(HALF, FAST)
    assert is_code_of(draft, draft.recovery_code)
