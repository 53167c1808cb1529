"""What waits on disk for a while: read as it was written, sealed, and gone when it is let go of."""

import io
import random
import secrets
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herdbook.errors import StorageError, VaultLocked
from herdbook.vault import spool as module
from herdbook.vault.spool import PIECE, Spool, remove_spools
from tests.disk import Disk

SEEKS = st.lists(st.tuples(st.integers(0, 3 * PIECE), st.integers(0, 2 * PIECE)), max_size=8)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def test_it_is_read_as_it_was_written(spool: Spool) -> None:
    data = secrets.token_bytes(3 * PIECE + 17)
    whole = io.BytesIO(data)
    while part := whole.read(random.Random(len(data)).randrange(1, 90_000)):
        spool.write(part)
    assert spool.size == len(data)
    with spool.open() as file:
        assert file.read() == data
        assert file.seek(-20, io.SEEK_END) == len(data) - 20
        assert file.read() == data[-20:]
        assert file.read() == b""
    spool.close()


@given(seeks=SEEKS)
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
def test_it_is_read_from_anywhere(tmp_path: Path, seeks: list[tuple[int, int]]) -> None:
    spool, data = Spool(tmp_path), random.Random(1).randbytes(2 * PIECE + 5)
    spool.write(data)
    expected = io.BytesIO(data)
    with spool.open() as file:
        for start, size in seeks:
            assert file.seek(start) == expected.seek(start)
            assert file.read(size) == expected.read(size)
            assert file.tell() == expected.tell() or start > len(data)
    spool.close()


def test_nothing_readable_lies_on_the_disk_and_nothing_at_all_once_it_is_closed(
    spool: Spool, tmp_path: Path
) -> None:
    word = secrets.token_hex(16).encode()
    spool.write(word * PIECE)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_bytes()
    assert len(written) > 32 * PIECE
    assert word not in written
    assert not written.startswith(b"SQLite format 3")
    spool.close()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_once_closed_nobody_reads_or_writes_it(spool: Spool) -> None:
    spool.write(bytes(PIECE))
    file = spool.open()
    spool.close()
    with pytest.raises(VaultLocked):
        file.read(1)
    with pytest.raises(VaultLocked):
        spool.write(bytes(PIECE))


def test_what_a_crash_leaves_is_removed_and_nothing_else(spool: Spool, tmp_path: Path) -> None:
    spool.write(bytes(PIECE))
    (left,) = tmp_path.iterdir()
    (tmp_path / "journal.db").touch()
    remove_spools(tmp_path)
    assert not left.exists()
    assert (tmp_path / "journal.db").exists()
    spool.close()


def test_a_full_disk_is_said_and_leaves_nothing(disk: Disk) -> None:
    spool = Spool(disk.path)
    with pytest.raises(StorageError, match="refuses to write") as caught:
        spool.write(secrets.token_bytes(16 * PIECE))
    assert "Free some space" in caught.value.fix
    spool.close()
    assert disk.content() == []


def test_its_key_is_new_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[bytes] = []
    create = module.create_passing

    def seen(path: Path, key: bytes) -> apsw.Connection:
        keys.append(key)
        return create(path, key)

    monkeypatch.setattr(module, "create_passing", seen)
    for _ in range(2):
        Spool(tmp_path).close()
    assert len(set(keys)) == 2
    assert all(len(key) == 32 for key in keys)
