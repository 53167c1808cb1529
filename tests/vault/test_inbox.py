from pathlib import Path

import apsw
import pytest

from herdbook.clock import Quality
from herdbook.crypto.keys import inbox_public_key, new_inbox_key, seal_drop
from herdbook.errors import InboxFull, TextTooLong, VaultDamaged
from herdbook.vault import inbox as module
from herdbook.vault.inbox import Inbox

KEY = new_inbox_key()
PUBLIC = inbox_public_key(KEY)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox.db", "mine")


def test_drops_come_out_as_they_went_in_and_in_order(inbox: Inbox) -> None:
    for n in range(5):
        inbox.add(PUBLIC, f"drop {n}".encode())
    opened = inbox.open_all(KEY)
    assert [drop.body for _, drop in opened] == [f"drop {n}".encode() for n in range(5)]
    assert len({drop.drop_id for _, drop in opened}) == 5


def test_the_file_holds_no_plaintext(inbox: Inbox, tmp_path: Path) -> None:
    inbox.add(PUBLIC, b"the canary sang at dawn")
    assert b"canary" not in (tmp_path / "inbox.db").read_bytes()


def test_removed_drops_are_gone(inbox: Inbox) -> None:
    inbox.add(PUBLIC, b"one")
    inbox.add(PUBLIC, b"two")
    (row, _), _ = inbox.open_all(KEY)
    inbox.remove([row])
    assert [drop.body for _, drop in inbox.open_all(KEY)] == [b"two"]


def test_a_drop_for_another_vault_is_refused_and_kept(tmp_path: Path, inbox: Inbox) -> None:
    Inbox(tmp_path / "inbox.db", "theirs").add(PUBLIC, b"not for me")
    inbox.add(inbox_public_key(new_inbox_key()), b"not with my key")
    inbox.add(PUBLIC, b"mine")
    assert [drop.body for _, drop in inbox.open_all(KEY)] == [b"mine"]
    assert inbox.count_refused() == 2


def test_after_a_new_key_drops_for_the_former_one_open_too(inbox: Inbox) -> None:
    new = new_inbox_key()
    inbox.add(PUBLIC, b"before")
    inbox.add(inbox_public_key(new), b"after")
    assert [drop.body for _, drop in inbox.open_all(new, KEY)] == [b"before", b"after"]
    assert inbox.count_refused() == 0


def test_a_forged_row_stops_nobody(tmp_path: Path, inbox: Inbox) -> None:
    inbox.add(PUBLIC, b"good")
    with apsw.Connection(str(tmp_path / "inbox.db")) as connection:
        for forged in (b"", b"\x00" * 48, b"\xff" * 1000):
            connection.execute("INSERT INTO drops(sealed) VALUES(?)", (forged,))
    connection.close()
    assert [drop.body for _, drop in inbox.open_all(KEY)] == [b"good"]
    assert inbox.count_refused() == 3


def test_another_databases_tables_are_damage_and_no_full_disk(tmp_path: Path, inbox: Inbox) -> None:
    with apsw.Connection(str(tmp_path / "inbox.db")) as connection:
        connection.execute("CREATE TABLE drops(something)")
    connection.close()
    with pytest.raises(VaultDamaged, match="not readable"):
        inbox.add(PUBLIC, b"a drop")


def test_a_drop_over_the_limit_is_refused_and_keeps_nothing(inbox: Inbox) -> None:
    with pytest.raises(TextTooLong):
        inbox.add(PUBLIC, b"x" * module.DROP_SIZE_LIMIT)
    assert inbox.open_all(KEY) == []


def test_a_full_inbox_says_so(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT_LIMIT", 2)
    inbox.add(PUBLIC, b"one")
    inbox.add(PUBLIC, b"two")
    with pytest.raises(InboxFull, match="unlocks the vault"):
        inbox.add(PUBLIC, b"three")
    assert len(inbox.open_all(KEY)) == 2


def test_the_size_of_all_drops_is_bounded(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIZE_LIMIT", 1_000)
    inbox.add(PUBLIC, b"x" * 500)
    with pytest.raises(InboxFull):
        inbox.add(PUBLIC, b"x" * 500)


class Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def wall_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        raise AssertionError

    def quality(self) -> Quality:
        raise AssertionError


def _drop_until_refused(inbox: Inbox) -> int:
    for count in range(10 * module.PACE_LIMIT):
        try:
            inbox.add(PUBLIC, b"x")
        except InboxFull:
            return count
    pytest.fail("nothing was refused")


def test_drops_come_at_a_bounded_pace(tmp_path: Path) -> None:
    clock = Hands()
    inbox = Inbox(tmp_path / "inbox.db", "mine", clock)
    assert _drop_until_refused(inbox) == module.PACE_LIMIT
    # Neither a restart nor emptying the inbox gives more.
    rows = [row for row, _ in inbox.open_all(KEY)]
    inbox.remove(rows)
    again = Inbox(tmp_path / "inbox.db", "mine", clock)
    assert _drop_until_refused(again) == 0
    clock.now += 10_000
    assert _drop_until_refused(again) == module.PACE_LIMIT // 6
    clock.now += 3_600_000
    assert _drop_until_refused(again) == module.PACE_LIMIT
    assert len(again.open_all(KEY)) == 7 * module.PACE_LIMIT // 6


def test_a_person_does_not_wait_for_the_house(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", "mine", Hands())
    _drop_until_refused(inbox)
    with pytest.raises(InboxFull, match=r"60 drops in a minute.*Wait"):
        inbox.add(PUBLIC, b"x")
    inbox.add(PUBLIC, b"my own words", paced=False)
    assert inbox.open_all(KEY)[-1][1].body == b"my own words"


def test_a_clock_that_is_set_back_stops_nobody(tmp_path: Path) -> None:
    clock = Hands()
    inbox = Inbox(tmp_path / "inbox.db", "mine", clock)
    _drop_until_refused(inbox)
    clock.now = 1_000
    assert _drop_until_refused(inbox) == module.PACE_LIMIT


def test_a_refused_drop_stays_and_is_not_shown_again(inbox: Inbox) -> None:
    inbox.add(PUBLIC, b"no entry")
    inbox.refuse([row for row, _ in inbox.open_all(KEY)])
    assert inbox.open_all(KEY) == []
    assert inbox.count_refused() == 1


def test_a_drop_that_is_no_text_is_refused_and_stops_nobody(tmp_path: Path, inbox: Inbox) -> None:
    """Anybody can seal anything to the inbox's public key."""
    inbox.add(PUBLIC, b"good")
    with apsw.Connection(str(tmp_path / "inbox.db")) as connection:
        forged = seal_drop(PUBLIC, b"\x94\x01\xa4mine\xa2\xff\xfe\xc4\x00")
        connection.execute("INSERT INTO drops(sealed) VALUES(?)", (forged,))
    connection.close()
    assert [drop.body for _, drop in inbox.open_all(KEY)] == [b"good"]
    assert inbox.count_refused() == 1
