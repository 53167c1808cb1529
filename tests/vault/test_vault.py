import asyncio
import json
import shutil
from pathlib import Path

import apsw
import pytest

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import (
    RecoveryCodeInvalid,
    StorageError,
    VaultDamaged,
    VaultLocked,
    VaultUnsupported,
    WrongSecret,
)
from herdbook.journal.journal import SCHEMA
from herdbook.vault.vault import (
    Draft,
    create_vault,
    draft_vault,
    is_code_of,
    open_vault,
)

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
CANARY = "the canary sang at dawn"


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, FAST)


@pytest.fixture
async def folder(tmp_path: Path, draft: Draft) -> Path:
    """A locked vault with the canary in it."""
    vault = await create_vault(tmp_path, draft, SCHEMA)
    await vault.database.write(
        lambda connection: connection.execute(
            "INSERT INTO drafts(composition, day, writer, revision, saved_ms, text) "
            "VALUES('a', '2026-11-20', '', 1, 0, ?)",
            (CANARY,),
        )
    )
    await vault.database.close()
    return tmp_path / vault.vault_id


def _canary(connection: apsw.Connection) -> object:
    return connection.execute("SELECT text FROM drafts").fetchone()


@pytest.mark.parametrize("way", ["password", "recovery code"])
async def test_both_ways_in_open_it(folder: Path, draft: Draft, way: str) -> None:
    secret = PASSWORD if way == "password" else draft.recovery_code.lower().replace("-", " ")
    vault = await open_vault(folder, secret, SCHEMA)
    assert await vault.database.read(_canary) == (CANARY,)
    await vault.database.close()


@pytest.mark.parametrize("secret", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "\x00"])
async def test_a_wrong_password_says_what_to_do(folder: Path, secret: str) -> None:
    with pytest.raises(WrongSecret, match="recovery code works"):
        await open_vault(folder, secret, SCHEMA)


async def test_another_vaults_recovery_code_does_not_open_it(folder: Path) -> None:
    other = draft_vault(PASSWORD, FAST)
    with pytest.raises(WrongSecret):
        await open_vault(folder, other.recovery_code, SCHEMA)


def test_the_code_typed_back_must_be_the_one_shown(draft: Draft) -> None:
    assert is_code_of(draft, draft.recovery_code.lower())
    assert not is_code_of(draft, draft_vault(PASSWORD, FAST).recovery_code)
    with pytest.raises(RecoveryCodeInvalid):
        is_code_of(draft, draft.recovery_code[:-1])


async def test_nothing_is_readable_in_the_files(folder: Path) -> None:
    for file in folder.iterdir():
        data = file.read_bytes()
        assert CANARY.encode() not in data
        assert b"SQLite format 3" not in data
        assert b"CREATE TABLE" not in data
    with pytest.raises(apsw.NotADBError):
        apsw.Connection(str(folder / "journal.db")).execute("SELECT * FROM drafts")


async def test_nothing_is_readable_while_it_is_open(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    await vault.database.write(
        lambda connection: connection.execute("UPDATE drafts SET text = ?", (CANARY * 1000,))
    )
    assert (folder / "journal.db-wal").stat().st_size > 0
    for file in folder.iterdir():
        assert CANARY.encode() not in file.read_bytes()
    await vault.database.close()


async def test_only_the_owner_can_enter_the_folder(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "header.json").stat().st_mode & 0o077 == 0


def _change(folder: Path, **changes: object) -> None:
    path = folder / "header.json"
    document = json.loads(path.read_text())
    document["header"].update(changes)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"format": 2}, VaultUnsupported),
        ({"suite": "rot13"}, VaultUnsupported),
        ({"kdf": {"memory_kib": 8, "time": 3, "lanes": 1}}, VaultUnsupported),
        ({"kdf": {"memory_kib": 2**40, "time": 3, "lanes": 1}}, VaultUnsupported),
        ({"kdf": {"memory_kib": MEMORY_FLOOR_KIB + 1, "time": 2, "lanes": 1}}, WrongSecret),
        ({"vault_id": "0" * 32}, WrongSecret),
        ({"key_id": "0" * 32}, WrongSecret),
        ({"inbox_public_key": "A" * 43 + "="}, VaultDamaged),
        ({"wraps": []}, VaultDamaged),
        ({"extra": 1}, VaultDamaged),
        ({"format": "1"}, VaultDamaged),
    ],
)
async def test_a_changed_header_is_refused(
    folder: Path, changes: dict[str, object], error: type[Exception]
) -> None:
    _change(folder, **changes)
    with pytest.raises(error):
        await open_vault(folder, PASSWORD, SCHEMA)


async def test_swapped_wraps_do_not_open(folder: Path, draft: Draft) -> None:
    wraps = json.loads((folder / "header.json").read_text())["header"]["wraps"]
    wraps[0]["purpose"], wraps[1]["purpose"] = wraps[1]["purpose"], wraps[0]["purpose"]
    _change(folder, wraps=wraps)
    for secret in (PASSWORD, draft.recovery_code):
        with pytest.raises(WrongSecret):
            await open_vault(folder, secret, SCHEMA)


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"{}" * 40_000, b"null"])
async def test_a_header_that_is_no_header_is_named(folder: Path, data: bytes) -> None:
    (folder / "header.json").write_bytes(data)
    with pytest.raises(VaultDamaged, match=r"header.*backup"):
        await open_vault(folder, PASSWORD, SCHEMA)


async def test_a_missing_header_is_named(folder: Path) -> None:
    (folder / "header.json").unlink()
    with pytest.raises(VaultDamaged, match="Cannot read"):
        await open_vault(folder, PASSWORD, SCHEMA)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [None, 0, 100, 4_096, 3 * 4_096])
async def test_a_missing_or_cut_database_says_what_to_do_and_is_left(
    folder: Path, size: int | None, log: bool
) -> None:
    path = folder / "journal.db"
    if log:
        vault = await open_vault(folder, PASSWORD, SCHEMA)
        await vault.database.write(_canary_again)
        kept = (folder / "journal.db-wal").read_bytes()
        await vault.database.close()
        (folder / "journal.db-wal").write_bytes(kept)
    whole = path.read_bytes()
    path.unlink()
    if size is not None:
        path.write_bytes(whole[:size])
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(VaultDamaged, match="backup"):
        await open_vault(folder, PASSWORD, SCHEMA)
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    if size is None or size < 4_096:
        assert after == before, "nothing was begun anew, no log thrown away"
    else:
        assert after["journal.db"][:4_096] == before["journal.db"][:4_096]


def _canary_again(connection: apsw.Connection) -> object:
    return connection.execute(
        "INSERT INTO drafts(composition, day, writer, revision, saved_ms, text) "
        "VALUES('b', '2026-11-21', '', 1, 0, ?)",
        (CANARY,),
    )


async def test_another_vaults_header_does_not_open_this_database(
    folder: Path, tmp_path: Path
) -> None:
    other = await create_vault(tmp_path / "other", draft_vault(PASSWORD, FAST), SCHEMA)
    await other.database.close()
    shutil.copy(tmp_path / "other" / other.vault_id / "header.json", folder / "header.json")
    with pytest.raises(VaultDamaged):
        await open_vault(folder, PASSWORD, SCHEMA)


async def test_a_changed_page_fails_its_tag(folder: Path) -> None:
    path = folder / "journal.db"
    data = bytearray(path.read_bytes())
    for place in range(4096 + 100, len(data), 4096):
        data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(VaultDamaged, match="authentication"):
        await open_vault(folder, PASSWORD, SCHEMA)


async def test_after_locking_nothing_more_can_be_read(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    await vault.database.close()
    await vault.database.close()
    with pytest.raises(VaultLocked):
        await vault.database.read(_canary)


async def test_what_was_queued_before_locking_is_saved(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    writes = [
        asyncio.create_task(
            vault.database.write(
                lambda connection, n=n: connection.execute(
                    "INSERT INTO drafts(composition, day, writer, revision, saved_ms, text) "
                    "VALUES(?1, ?1, '', 1, 0, 'x')",
                    (f"2026-01-{n:02}",),
                )
            )
        )
        for n in range(1, 20)
    ]
    await asyncio.sleep(0)
    await vault.database.close()
    await asyncio.gather(*writes)
    again = await open_vault(folder, PASSWORD, SCHEMA)
    count = await again.database.read(
        lambda connection: connection.execute("SELECT count(*) FROM drafts").fetchone()
    )
    assert count == (20,)
    await again.database.close()


async def test_a_change_that_fails_is_undone(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)

    def change(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM drafts")
        raise StorageError("stop")

    with pytest.raises(StorageError):
        await vault.database.write(change)
    assert await vault.database.read(_canary) == (CANARY,)
    await vault.database.close()


async def test_a_full_disk_is_said_and_the_vault_goes_on(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    pages = await vault.database.read(lambda connection: int(connection.pragma("page_count")))
    await vault.database.alone(lambda connection: connection.pragma("max_page_count", pages))
    with pytest.raises(StorageError, match="Free some space"):
        await vault.database.write(
            lambda connection: connection.execute("UPDATE drafts SET text = ?", ("x" * 100_000,))
        )
    assert await vault.database.read(_canary) == (CANARY,)
    await vault.database.close()


async def test_a_newer_database_is_not_touched(folder: Path) -> None:
    vault = await open_vault(folder, PASSWORD, SCHEMA)
    await vault.database.alone(lambda connection: connection.pragma("user_version", 99))
    await vault.database.close()
    with pytest.raises(StorageError, match="schema 99"):
        await open_vault(folder, PASSWORD, SCHEMA)


async def test_a_failed_creation_leaves_nothing(tmp_path: Path, draft: Draft) -> None:
    taken = tmp_path / draft.header.header.vault_id / "something"
    taken.mkdir(parents=True)
    with pytest.raises(StorageError, match="Cannot write"):
        await create_vault(tmp_path, draft, SCHEMA)
    assert [path.name for path in tmp_path.iterdir()] == [taken.parent.name]


def test_no_key_stands_in_a_representation(draft: Draft) -> None:
    assert draft.recovery_code not in repr(draft)
    assert repr(draft.dek) not in repr(draft)
