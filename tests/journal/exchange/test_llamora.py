"""A real database of Llamora, and what may be wrong with one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from argon2.low_level import Type, hash_secret_raw
from nacl.secret import Aead

from herdbook.errors import InputError, WrongSecret
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.llamora import is_llamora, read_llamora

REAL = Path(__file__).parents[2] / "databases" / "llamora-v1.sqlite3"
ZONE = ZoneInfo("Europe/Amsterdam")
PASSWORD = "correct-horse-battery-staple-9!"
USER = "01M7XEVA78D06RG60X7R58G2Y3"
FIRST = "01M7XEWGJR3NBP5PVMG0RKG91Z"
LATE = "01M7XHM2011CCHSKQFP4FW6NMM"
CODE = "ABCD1234EFGH5678"
Change = Callable[[sqlite3.Connection], object]


def changed(tmp_path: Path, *changes: Change | str) -> bytes:
    path = tmp_path / "llamora.sqlite3"
    path.write_bytes(REAL.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        for change in changes:
            if isinstance(change, str):
                connection.execute(change)
            else:
                change(connection)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def read(body: bytes, name: str = "alice", secret: str = PASSWORD) -> Incoming:
    assert is_llamora(body)
    return read_llamora(body, name, secret, ZONE)


def kek(secret: str, salt: bytes) -> bytes:
    return hash_secret_raw(secret.encode(), salt, 3, 256 * 1024, 1, 32, Type.ID)


@pytest.fixture(scope="module")
def dek() -> bytes:
    with closing(sqlite3.connect(f"file:{REAL}?mode=ro&immutable=1", uri=True)) as connection:
        row = connection.execute("SELECT dek_pw_salt, dek_pw_nonce, dek_pw_cipher FROM users")
        salt, nonce, cipher = row.fetchone()
    return Aead(kek(PASSWORD, salt)).decrypt(cipher, None, nonce)


def test_the_real_file_comes_in_whole() -> None:
    found = read(REAL.read_bytes())
    assert len(found.entries) == 18
    assert [entry.text for entry in found.entries][:4] == [
        "Hello diary, first entry about the garden.",
        "Second entry: soup and rain.",
        "42",
        "entry a",
    ]
    assert {entry.day for entry in found.entries} == {date(2026, 11, 20)}
    houses = [entry for entry in found.entries if entry.author == "house"]
    assert [entry.source for entry in houses] == [*["Llamora, reply"] * 4, "Llamora, opening"]
    assert houses[0].text.startswith("A small **note** back")
    first = datetime.fromtimestamp(found.entries[0].created_ms / 1000, UTC)
    assert first.isoformat(timespec="seconds") == "2026-11-20T21:48:00+00:00"
    assert [(one.place, one.reason) for one in found.doubts] == [
        ("Entry 7", "Left out: It is a reply that had failed, and says only why.")
    ]
    assert read(REAL.read_bytes()).entries == found.entries


@pytest.mark.parametrize(
    ("name", "secret"), [("bob", PASSWORD), ("alice", "wrong"), ("", ""), ("alice", CODE)]
)
def test_another_name_or_secret_opens_nothing(name: str, secret: str) -> None:
    with pytest.raises(WrongSecret):
        read(REAL.read_bytes(), name, secret)


def test_the_recovery_code_opens_it_too(tmp_path: Path, dek: bytes) -> None:
    salt, nonce = bytes(16), bytes(24)
    cipher = Aead(kek(CODE, salt)).encrypt(dek, None, nonce).ciphertext
    wrap = "UPDATE users SET dek_rc_salt = ?, dek_rc_nonce = ?, dek_rc_cipher = ?"
    body = changed(tmp_path, lambda made: made.execute(wrap, (salt, nonce, cipher)))
    assert len(read(body, secret="abcd-1234 efgh-5678").entries) == 18


@pytest.mark.parametrize("day", ["2026-02-30", "", "yesterday", None])
def test_an_entry_on_an_impossible_day_comes_to_the_day_it_was_written_on(
    tmp_path: Path, day: str | None
) -> None:
    change = "UPDATE entries SET created_date = ? WHERE id = ?"
    found = read(changed(tmp_path, lambda made: made.execute(change, (day, LATE))))
    late = found.entries[-1]
    assert (late.text, late.day) == ("Short note.", date(2026, 11, 20))
    assert found.doubts[-1].place == "Entry 19"
    assert "It comes to 2026-11-20, when it was written." in found.doubts[-1].reason


def test_traces_and_older_keys_come_along(tmp_path: Path, dek: bytes) -> None:
    tag, nonce, newer = b"\x07" * 32, bytes(24), b"\x09" * 32

    def change(made: sqlite3.Connection) -> None:
        name = Aead(dek).encrypt(
            b"garden", f"{USER}|{tag.hex()}|xchacha20poly1305_ietf".encode(), nonce
        )
        made.execute(
            "INSERT INTO tags(user_id, tag_hash, name_ct, name_nonce, alg) VALUES(?, ?, ?, ?, ?)",
            (USER, tag, name.ciphertext, nonce, "xchacha20poly1305_ietf"),
        )
        made.execute("INSERT INTO tag_entry_xref VALUES(?, ?, ?, ?)", (USER, tag, FIRST, FIRST))
        text = Aead(newer).encrypt(
            b'{"text":"newer"}', f"{USER}|{LATE}|xchacha20poly1305_ietf".encode(), nonce
        )
        made.execute(
            "UPDATE entries SET ciphertext = ?, nonce = ?, alg = ? WHERE id = ?",
            (text.ciphertext, nonce, b"xchacha20poly1305_ietf;e=2", LATE),
        )
        salt = bytes(16)
        wrap = Aead(kek(PASSWORD, salt)).encrypt(newer, None, nonce).ciphertext
        made.execute(
            "UPDATE users SET dek_pw_salt = ?, dek_pw_nonce = ?, dek_pw_cipher = ?, "
            "current_epoch = 2",
            (salt, nonce, wrap),
        )
        older = Aead(newer).encrypt(dek, None, nonce).ciphertext
        made.execute(
            "INSERT INTO key_epochs(user_id, epoch, suite, pw_salt, pw_nonce, pw_cipher, "
            "prev_dek_nonce, prev_dek_cipher) VALUES(?, 2, '', ?, ?, ?, ?, ?)",
            (USER, salt, nonce, wrap, nonce, older),
        )

    found = read(changed(tmp_path, change))
    assert found.entries[0].traces == ["garden"]
    assert found.entries[-1].text == "newer"
    assert len(found.entries) == 18


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE entries SET ciphertext = zeroblob(40) WHERE id = '{}'", "does not open"),
        ("UPDATE entries SET nonce = x'00' WHERE id = '{}'", "does not open"),
        ("UPDATE entries SET ciphertext = 7 WHERE id = '{}'", "not as Llamora writes it"),
        ("UPDATE entries SET alg = CAST('x;e=77' AS BLOB) WHERE id = '{}'", "is not in the file"),
        ("UPDATE entries SET id = 'moved' WHERE id = '{}'", "does not open"),
    ],
)
def test_an_entry_that_does_not_open_is_said(tmp_path: Path, change: str, words: str) -> None:
    found = read(changed(tmp_path, change.format(FIRST)))
    assert len(found.entries) == 17
    assert any(words in doubt.reason for doubt in found.doubts)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE entries",
        "UPDATE users SET current_epoch = 'x'",
        "UPDATE users SET dek_pw_salt = 'text'",
    ],
)
def test_another_database_is_refused(tmp_path: Path, change: str) -> None:
    with pytest.raises(InputError, match="no database of Llamora"):
        read(changed(tmp_path, change))


def test_a_file_that_would_keep_the_engine_busy_is_refused(tmp_path: Path) -> None:
    endless = (
        "CREATE VIEW entries AS WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
        f"FROM more) SELECT n AS id, '{USER}' AS user_id, 1 AS role, 1 AS nonce, 1 AS ciphertext, "
        "1 AS alg, 1 AS flags, 1 AS created_at, 1 AS created_date FROM more WHERE n < 0"
    )
    body = changed(
        tmp_path, "ALTER TABLE entries RENAME TO real", lambda made: made.execute(endless)
    )
    with pytest.raises(InputError, match="no database of Llamora"):
        read(body)


@pytest.mark.parametrize("cut", [20, 100, 5_000])
def test_half_a_file_is_refused(cut: int) -> None:
    with pytest.raises(InputError, match="no database of Llamora"):
        read(REAL.read_bytes()[:cut])
