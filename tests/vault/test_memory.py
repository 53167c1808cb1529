"""What a look into the process finds once a vault is locked. docs/threat-model.md says it, too."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.folder import unlock
from herdbook.vault.vault import Draft, create_vault, draft_vault, open_unlocked
from tests.memory import image_of
from tests.vault import locking

pytestmark = pytest.mark.shipped

PASSWORD = "three unrelated words"
CANARY = "the canary sang at dawn"


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, 2, 1))


@pytest.fixture
async def folder(tmp_path: Path, draft: Draft) -> Path:
    """A locked vault with much in it."""
    vault = await create_vault(tmp_path, draft, SCHEMA)
    journal = Journal(vault, SystemClock())
    for number in range(120):
        await journal.add(locking.DAY, f"{CANARY} {number}" + " and sang" * (number % 60))
    await vault.database.close()
    return tmp_path / vault.vault_id


def _memory_of(folder: Path, state: str) -> bytes:
    """All readable memory of a process that has used the vault and reached a state."""
    with subprocess.Popen(
        [sys.executable, locking.__file__, folder, state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{PASSWORD}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline() == f"{state}\n".encode()
        image = image_of(process.pid)
        process.communicate(b"\n")
        assert process.returncode == 0
    return image


async def test_a_key_is_overwritten_once_the_vault_is_open(folder: Path) -> None:
    """By chance a freed key is overwritten soon; nothing may be left to that."""
    dek = unlock(folder, PASSWORD)
    vault = await open_unlocked(folder, dek, SCHEMA)
    assert dek == bytes(32)
    assert len(await Journal(vault, SystemClock()).on_day(locking.DAY)) == 120
    await vault.database.close()


async def test_locking_leaves_no_key_and_no_page(folder: Path, draft: Draft) -> None:
    # A row as it stands in a page: the author's column, then the text.
    row = f"person{CANARY}".encode()
    hexadecimal = re.compile(draft.dek.hex().encode(), re.IGNORECASE)
    unlocked = _memory_of(folder, "unlocked")
    assert draft.dek in unlocked, "the look is blind: it misses a key that must be there"
    assert row in unlocked, "the look is blind: it misses a page that must be there"
    assert not hexadecimal.search(unlocked)
    locked = _memory_of(folder, "locked")
    assert draft.dek not in locked
    assert not hexadecimal.search(locked)
    assert row not in locked


def test_an_unlocked_process_is_dumped_into_no_core_file(folder: Path) -> None:
    """The kernel leaves no core of a process that may not be dumped, whatever the limit."""
    program = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from herdbook.vault.vault import open_vault\n"
        "asyncio.run(open_vault(Path(sys.argv[1]), sys.argv[2], 'herdbook.journal'))\n"
        "os.abort()\n"
    )

    def allow() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    ended = subprocess.run(
        [sys.executable, "-c", program, folder, PASSWORD],
        cwd=folder.parent,
        preexec_fn=allow,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == -6
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
