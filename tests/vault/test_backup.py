"""Exports: consistent while the vault is written to, whole or absent, refused when not whole."""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import InputError, StorageError, VaultDamaged, VaultError, VaultUnsupported
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.vault import snapshot
from herdbook.vault.backup import export_vault, unpack, unpacked
from herdbook.vault.folder import current_header
from herdbook.vault.snapshot import copy_sealed
from herdbook.vault.vault import Draft, create_vault, draft_vault, open_vault
from herdbook.vault.verify import verify

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"

# Writes as the Llama does, as fast as it can: pairs of drafts, both of one transaction, so that a
# copy that is torn between two of them shows. Prints a line for each commit; small checkpoints.
_WRITER = """
import asyncio, sys
from pathlib import Path
from herdbook.journal.journal import SCHEMA
from herdbook.vault import database
from herdbook.vault.vault import open_vault

async def main(folder, password):
    database.LOG_PAGES = 40
    vault = await open_vault(Path(folder), password, SCHEMA)
    n = 0
    while True:
        n += 1
        def change(c):
            for half in "ab":
                c.execute("INSERT OR REPLACE INTO "
                          "drafts(composition, day, writer, revision, saved_ms, text) "
                          "VALUES(?1, ?1, '', 1, ?2, ?3)",
                          (f"2026-01-0{n % 7 + 1}{half}", n, str(n) + "x" * (n % 9000)))
            c.execute("INSERT OR REPLACE INTO "
                      "drafts(composition, day, writer, revision, saved_ms, text) "
                      "VALUES('b', '2026-02-01', '', 1, ?, ?)", (n, str(n)))
        await vault.database.write(change)
        print(n, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, FAST)


@pytest.fixture
async def vault(tmp_path: Path, draft: Draft) -> Path:
    """A locked vault with a drop in its inbox."""
    made = await create_vault(tmp_path / "vaults", draft, SCHEMA)
    made.inbox.add(draft.header.header.inbox_public_key, b"a drop")
    await made.database.close()
    return tmp_path / "vaults" / made.vault_id


@pytest.fixture
def writer(vault: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(vault), PASSWORD],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
        process.kill()


def _state(folder: Path, dek: bytes) -> int:
    """Which commit a copy holds, after checking that it is a whole one."""
    connection = apsw.Connection(str(folder / "journal.db"))
    try:
        connection.pragma("cipher", "chacha20")
        connection.execute(f"pragma key='raw:{dek.hex()}'")
        assert connection.pragma("integrity_check") == "ok"
        rows = {
            str(day): int(str(n))
            for day, n in connection.execute("SELECT day, saved_ms FROM drafts")
        }
    finally:
        connection.close()
    newest = rows.pop("2026-02-01")
    assert newest == max(rows.values(), default=newest)
    for day, n in rows.items():
        assert rows[day[:-1] + ("b" if day.endswith("a") else "a")] == n
        assert n > newest - 7
    return newest


def test_every_copy_is_one_state_while_another_process_writes(
    vault: Path, writer: subprocess.Popen[str], tmp_path: Path, draft: Draft
) -> None:
    assert writer.stdout is not None
    os.set_blocking(writer.stdout.fileno(), False)
    states, committed, restarts, said = [], 1, set(), ""
    for n in range(25):
        while (piece := writer.stdout.readline()) != "":
            said += piece
        # The last line may still be on its way.
        *lines, said = said.split("\n")
        committed = int(lines[-1]) if lines else committed
        copy = tmp_path / f"copy{n}"
        copy_sealed(vault, copy)
        if (copy / "journal.db-wal").exists():
            restarts.add((copy / "journal.db-wal").read_bytes()[16:24])
        states.append(_state(copy, draft.dek))
        # What had been said to be durable before the copy began is in it.
        assert states[-1] >= committed
    assert writer.poll() is None
    assert states == sorted(states)
    assert states[-1] > states[0] + 25
    assert len(restarts) > 1, "the log never began anew: the writer was too slow to prove anything"


def test_the_copy_of_a_killed_writer_is_whole(
    vault: Path, writer: subprocess.Popen[str], tmp_path: Path, draft: Draft
) -> None:
    assert writer.stdout is not None
    for _ in range(30):
        last = int(writer.stdout.readline())
    writer.kill()
    writer.wait()
    before = {path.name: path.read_bytes() for path in vault.iterdir()}
    copy_sealed(vault, tmp_path / "copy")
    assert {path.name: path.read_bytes() for path in vault.iterdir()} == before
    assert _state(tmp_path / "copy", draft.dek) >= last


def test_writers_wait_and_lose_nothing(
    vault: Path, writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    """The Llama goes on after an export as before it, and locking in between is whole."""
    assert writer.stdout is not None
    for n in range(5):
        export_vault(vault, tmp_path / f"{n}.tar", person="Ada", made="now")
    numbers = [int(writer.stdout.readline()) for _ in range(20)]
    assert numbers == list(range(numbers[0], numbers[0] + 20))
    assert writer.poll() is None


_CLOSER = """
import asyncio, sys
from pathlib import Path
from herdbook.journal.journal import SCHEMA
from herdbook.vault.vault import open_vault

async def main(folder, password):
    vault = await open_vault(Path(folder), password, SCHEMA)
    await vault.database.write(
        lambda c: c.execute("INSERT INTO "
        "drafts(composition, day, writer, revision, saved_ms, text) "
        "VALUES('b', '2026-02-01', '', 1, 7, 'x')"))
    print("written", flush=True)
    sys.stdin.readline()
    await vault.database.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_vault_that_is_locked_under_an_export_keeps_its_log_until_then(
    vault: Path, tmp_path: Path, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last to close a database removes its log: not while it is being copied."""
    copy_log = snapshot._copy_log
    with subprocess.Popen(
        [sys.executable, "-c", _CLOSER, str(vault), PASSWORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as closer:
        assert closer.stdout is not None
        assert closer.stdout.readline() == b"written\n"

        def close_first(log: Path, to: Path) -> None:
            closer.communicate(b"close\n", timeout=30)
            assert log.exists()
            copy_log(log, to)

        monkeypatch.setattr(snapshot, "_copy_log", close_first)
        copy_sealed(vault, tmp_path / "copy")
        assert closer.wait() == 0
    assert _state(tmp_path / "copy", draft.dek) == 7


# Seals the vault anew again and again; an export may be in its way, and says so.
_ROTATOR = """
import sys
from pathlib import Path
from herdbook.errors import StorageError
from herdbook.vault.rotation import draft_rotation, rotate

folder, password = Path(sys.argv[1]), sys.argv[2]
while True:
    new = draft_rotation(folder, password)
    try:
        rotate(folder, new)
    except StorageError as error:
        assert "Another program" in str(error), error
"""


@pytest.fixture
def rotator(vault: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", _ROTATOR, str(vault), PASSWORD]) as process:
        yield process
        process.kill()


def test_every_copy_is_a_pair_while_another_process_rotates(
    vault: Path, rotator: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    deadline, keys = time.monotonic() + 60, []
    while len(set(keys)) < 6 or len(keys) < 20:
        assert time.monotonic() < deadline
        copy = tmp_path / f"copy{len(keys)}"
        try:
            copy_sealed(vault, copy)
        except StorageError:
            continue  # one change after the other: nothing was copied
        report = verify(copy, PASSWORD, problems)
        assert (report.problems, report.drops) == ([], 1)
        keys.append(current_header(copy).header.key_id)
    assert rotator.poll() is None


def test_a_damaged_header_is_exported_with_the_one_that_stands_in(
    vault: Path, tmp_path: Path
) -> None:
    header = (vault / "header.json").read_bytes()
    (vault / "header.json.previous").write_bytes(header)
    for name, damaged in (("gone", None), ("cut", header[:100]), ("changed", b"AAAA" + header[4:])):
        if damaged is None:
            (vault / "header.json").unlink()
        else:
            (vault / "header.json").write_bytes(damaged)
        export_vault(vault, tmp_path / f"{name}.tar", person="Ada", made="now")
        about = unpack(tmp_path / f"{name}.tar", tmp_path / name)
        assert about is not None
        assert about.vault_id == vault.name
        assert (tmp_path / name / "header.json.previous").read_bytes() == header
        assert verify(tmp_path / name, PASSWORD, problems).problems == [
            "header.json is damaged; the vault still opens with header.json.previous, and "
            "unlocking it puts that in its place."
        ]
    (vault / "header.json.previous").unlink()
    with pytest.raises(VaultDamaged, match="header"):
        export_vault(vault, tmp_path / "none.tar", person="Ada", made="now")


async def test_an_export_and_its_way_back(vault: Path, tmp_path: Path) -> None:
    for name in ("out", "out.tar"):
        export_vault(vault, tmp_path / name, person="Ada", made="2026-11-20T00:00:00Z")
        about = unpack(tmp_path / name, tmp_path / f"{name}.back")
        assert about is not None
        assert (about.person, about.vault_id) == ("Ada", vault.name)
        back = {path.name: path.read_bytes() for path in (tmp_path / f"{name}.back").iterdir()}
        assert back["journal.db"] == (vault / "journal.db").read_bytes()
        assert set(back) == {"header.json", "journal.db", "inbox.db"}
    shipped = {path.name for path in (tmp_path / "out").iterdir()} - set(back)
    assert shipped == {"export.json", "README.txt", "herdbook_decrypt.py"}
    assert (tmp_path / "out" / "header.json").stat().st_mode & 0o077 == 0
    opened = await open_vault(tmp_path / "out.back", PASSWORD, SCHEMA)
    assert [drop.body for _, drop in opened.inbox.open_all(*opened.inbox_keys)] == [b"a drop"]
    await opened.database.close()


def test_the_decryptor_in_an_export_opens_it(vault: Path, tmp_path: Path) -> None:
    """As its README says: in the folder, by the interpreter alone, nothing of ours in reach."""
    export_vault(vault, tmp_path / "out", person="Ada", made="now")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    command = [sys.executable, "-I", "herdbook_decrypt.py", ".", "../plain.sqlite"]
    done = subprocess.run(
        [*command, "--secret-file", "../password"],
        cwd=tmp_path / "out",
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plain.sqlite").read_bytes().startswith(b"SQLite format 3\0")
    assert (tmp_path / "plain.sqlite").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten_and_nothing_half_stays(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="already"):
        export_vault(vault, tmp_path / "out", person="Ada", made="now")
    (vault / "journal.db").unlink()
    with pytest.raises(VaultDamaged, match=r"no journal\.db"):
        export_vault(vault, tmp_path / "new", person="Ada", made="now")
    with pytest.raises(StorageError, match="Cannot write"):
        export_vault(vault, tmp_path / "missing" / "new", person="Ada", made="now")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "vaults"]


def test_a_lock_that_never_comes_free_is_said(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_WAIT_S", 0.1)
    hold = (
        "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.lockf(f, fcntl.LOCK_EX, 1, 121); "
        "print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(vault / "journal.db-shm")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StorageError, match="busy"):
            copy_sealed(vault, tmp_path / "copy")
        holder.kill()


def test_a_new_password_in_the_middle_begins_the_copy_again(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = (vault / "header.json").read_bytes()
    copies = []
    copy_inbox = snapshot._copy_inbox

    def change_header(inbox: Path, to: Path) -> None:
        copy_inbox(inbox, to)
        copies.append(to)
        if len(copies) == 1:
            (vault / "header.json").write_bytes(header + b" ")

    monkeypatch.setattr(snapshot, "_copy_inbox", change_header)
    copy_sealed(vault, tmp_path / "copy")
    assert len(copies) == 2
    assert (tmp_path / "copy" / "header.json").read_bytes() == header + b" "


def _tar(tmp_path: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    path = tmp_path / "made.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in members:
            item = tarfile.TarInfo(name)
            item.size, item.type = len(data), kind
            tar.addfile(item, io.BytesIO(data))
    return path


@pytest.fixture
def parts(vault: Path, tmp_path: Path) -> dict[str, bytes]:
    export_vault(vault, tmp_path / "parts", person="Ada", made="now")
    return {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("export.json", b'{"export": 2}', VaultUnsupported),
        ("export.json", b"{}", VaultDamaged),
        ("export.json", b"[" * 60_000, VaultDamaged),
        ("export.json", b" " * 70_000, VaultDamaged),
        ("header.json", b" " * 70_000, VaultDamaged),
        ("header.json", b"{}", VaultDamaged),
        ("journal.db", None, VaultDamaged),
        ("header.json", None, VaultDamaged),
        ("../evil", b"x", VaultDamaged),
        ("/etc/evil", b"x", VaultDamaged),
        ("journal.db/../../evil", b"x", VaultDamaged),
        ("other", b"x", VaultDamaged),
    ],
)
def test_an_archive_with_a_wrong_part_is_refused(
    parts: dict[str, bytes], tmp_path: Path, name: str, data: bytes | None, error: type[VaultError]
) -> None:
    members = {**parts, name: data}
    tar = _tar(tmp_path, *((key, value) for key, value in members.items() if value is not None))
    with pytest.raises(error):
        unpack(tar, tmp_path / "into")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(VaultDamaged, match="no part of an export"):
        unpack(_tar(tmp_path, ("journal.db", b""), kind=kind), tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_part_given_twice_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    tar = _tar(tmp_path, *parts.items(), ("header.json", parts["header.json"]))
    with pytest.raises(VaultDamaged, match="no part"):
        unpack(tar, tmp_path / "into")


def test_an_archive_cut_anywhere_is_refused_or_whole(vault: Path, tmp_path: Path) -> None:
    export_vault(vault, tmp_path / "out.tar", person="Ada", made="now")
    whole = (tmp_path / "out.tar").read_bytes()
    outcomes = set()
    for n, length in enumerate(range(0, len(whole), 1_777)):
        (tmp_path / "cut.tar").write_bytes(whole[:length])
        try:
            unpack(tmp_path / "cut.tar", tmp_path / f"into{n}")
            outcomes.add("whole")
        except VaultDamaged:
            outcomes.add("damaged")
    assert outcomes == {"damaged", "whole"}


def test_a_length_that_lies_takes_neither_memory_nor_disk(tmp_path: Path) -> None:
    item = tarfile.TarInfo("journal.db")
    item.size = 2**60
    (tmp_path / "bomb.tar").write_bytes(item.tobuf(tarfile.GNU_FORMAT) + b"x" * 5_000)
    began = time.monotonic()
    with pytest.raises(VaultDamaged, match="cut off"):
        unpack(tmp_path / "bomb.tar", tmp_path / "into")
    assert time.monotonic() - began < 2
    assert (tmp_path / "into" / "journal.db").stat().st_size <= 5_000


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no"):
        unpack(tmp_path / "nothing", tmp_path / "into")


def test_parts_of_two_vaults_are_no_export(parts: dict[str, bytes], tmp_path: Path) -> None:
    about = json.loads(parts["export.json"])
    about["vault_id"] = "0" * 32
    tar = _tar(tmp_path, *{**parts, "export.json": json.dumps(about).encode()}.items())
    with pytest.raises(VaultDamaged, match="different vaults"):
        unpack(tar, tmp_path / "into")


def test_a_sealed_copy_lasts_as_long_as_it_is_used(vault: Path, draft: Draft) -> None:
    with unpacked(vault) as copy:
        assert verify(copy, PASSWORD, problems).whole
    assert not copy.exists()
