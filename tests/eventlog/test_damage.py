"""A damaged log: what can be read is saved, what cannot is named, and nothing is signed twice."""

import logging
import random
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from herdbook.errors import StorageError
from herdbook.eventlog.audit import audit
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import (
    LOSS,
    OBSERVATION,
    LossPayload,
    ObservationPayload,
    Run,
    decode_payload,
    encode,
)
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.mark import read_mark
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.protocol import NodeSync
from herdbook.house.book import HouseBook
from tests.eventlog.samples import fill, identity, numbered, open_log
from tests.eventlog.test_protocol import NODE, MemoryPin, Receiver
from tests.fakes.clock import ManualClock

PAGE = 4096


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log of 600 events in some forty batches, and 200 events after them."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "identity.key").write_text((b"\x01" * 32).hex())
    log = open_log(folder)
    fill(log, 600, seal_every=15)
    log.append_many([(OBSERVATION, numbered(number)) for number in range(601, 801)])
    log.close()
    assert not (folder / "log.db-wal").exists()
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "node"))


@pytest.fixture(scope="module")
def sent(original: Path) -> dict[int, bytes]:
    """What may have left the node, by last number."""
    log = open_log(original)
    batches = {open_batch(wire, NODE.node_id).last_seq: wire for wire in log.batches_after(0, 999)}
    log.close()
    return batches


def holding(sent: dict[int, bytes], seq: int) -> Receiver:
    """A Llama that has the log up to the last batch that ends at `seq` or before."""
    receiver = Receiver()
    for last, wire in sent.items():
        if last <= seq:
            receiver.take(wire)
    return receiver


def drain(log: EventLog, receiver: Receiver) -> None:
    """Sync until the Llama has everything that is sealed."""
    sync = NodeSync(log, MemoryPin(), lambda: receiver.nonce)
    sync.on_connected(0)
    for now in range(0, 100_000_000, 70_000):
        sync.on_have(receiver.have(), now)
        log.seal()
        batches = sync.take(now)
        if not batches and receiver.position.seq == log.head().seq:
            return
        for wire in batches:
            receiver.take(wire)
    raise AssertionError("it does not converge")


def numbers(receiver: Receiver) -> list[int]:
    """What was observed, in the order of the log; `numbered` gave it its number."""
    return [
        int(decode_payload(event, ObservationPayload).value or 0)
        for batch in receiver.held
        for event in batch.events
        if event.kind == OBSERVATION
    ]


def losses(receiver: Receiver) -> list[LossPayload]:
    events = (event for batch in receiver.held for event in batch.events)
    return [decode_payload(event, LossPayload) for event in events if event.kind == LOSS]


def goes_on(
    folder: Path, sent: dict[int, bytes], held: int, *, notes: tuple[int, int] = (1000, 1001)
) -> Receiver:
    """The node starts on what is there, notices something, and reaches a Llama that has so much."""
    receiver = holding(sent, held)
    log = open_log(folder)
    log.append(OBSERVATION, numbered(notes[0]))
    drain(log, receiver)
    assert set(receiver.refused) <= {"gap"}
    end = max(sent, default=0)
    for batch in receiver.held:
        assert sent.get(batch.last_seq) == batch.wire or batch.first_seq > end, "signed twice"
    log.append(OBSERVATION, numbered(notes[1]))
    drain(log, receiver)
    got = numbers(receiver)
    assert len(set(got)) == len(got), "something arrived twice"
    assert got[-2:] == [*notes]
    log.close()
    return receiver


def spoil(path: Path, rng: random.Random) -> None:
    """Do to a file what a failing card does."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(0, len(data), PAGE)
        match rng.randrange(4):
            case 0:
                data[place : place + PAGE] = bytes(PAGE)
            case 1:
                data[place : place + PAGE] = rng.randbytes(PAGE)
            case 2:
                data[place + rng.randrange(PAGE)] ^= 1 << rng.randrange(8)
            case _:
                other = rng.randrange(0, len(data), PAGE)
                data[place : place + PAGE] = data[other : other + PAGE]
    if rng.randrange(4) == 0:
        del data[rng.randrange(len(data)) :]
    path.write_bytes(data)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_became_of_the_file_the_node_goes_on(
    folder: Path, sent: dict[int, bytes], seed: int
) -> None:
    rng = random.Random(seed)
    spoil(folder / "log.db", rng)
    goes_on(folder, sent, rng.randrange(601))


def test_an_old_page_in_the_place_of_the_tail_gives_no_number_twice(
    folder: Path, sent: dict[int, bytes]
) -> None:
    """It is whole, and holds events that were sealed long ago: only the numbers tell."""
    with closing(sqlite3.connect(folder / "log.db")) as database:
        old = [
            (one.seq, one.lamport, encode(one), None)
            for wire in list(sent.values())[-4:-2]
            for one in open_batch(wire, NODE.node_id).events
        ]
        database.execute("DELETE FROM tail")
        database.executemany("INSERT INTO tail VALUES (?, ?, ?, ?)", old)
        database.commit()
    receiver = goes_on(folder, sent, 600)
    assert numbers(receiver) == [*range(1, 601), 1000, 1001]


def test_most_of_a_log_with_one_bad_page_is_saved(original: Path, tmp_path: Path) -> None:
    data = (original / "log.db").read_bytes()
    saved = []
    for page in range(1, len(data) // PAGE):
        folder = Path(shutil.copytree(original, tmp_path / str(page)))
        spoiled = data[: page * PAGE] + bytes(PAGE) + data[(page + 1) * PAGE :]
        (folder / "log.db").write_bytes(spoiled)
        saved.append(len(numbers(goes_on(folder, {}, 0))))
    assert sorted(saved)[len(saved) // 2] > 700


@pytest.mark.parametrize("pages", [0, 1, 5, 20])
def test_a_file_that_was_cut_is_a_log_again(
    folder: Path, sent: dict[int, bytes], pages: int
) -> None:
    path = folder / "log.db"
    path.write_bytes(path.read_bytes()[: pages * PAGE + pages % 2 * 100])
    receiver = goes_on(folder, sent, 300)
    assert max(receiver.held[-1].events[-1].seq, 601) > 601


@pytest.mark.parametrize(
    ("written", "rotten"),
    [
        (b"CREATE TABLE tail", b"CREATE TABLE \xf4ail"),  # complained of in no words
        (b" crc INTEGER", b" crs INTEGER"),  # words, but of a column that there is not
        (b"seq INTEGER PRIMARY KEY", b"seq INTEGER PRIM\xd2RY KEY"),
    ],
)
def test_a_schema_that_rots_is_damage(
    folder: Path, sent: dict[int, bytes], written: bytes, rotten: bytes
) -> None:
    path = folder / "log.db"
    data = path.read_bytes()
    assert written in data
    path.write_bytes(data.replace(written, rotten))
    goes_on(folder, sent, 300)
    assert path.with_name("log.db.damaged").exists()


@pytest.mark.parametrize("content", [b"no database at all" * 300, b"", None])
def test_what_the_llama_has_is_not_lost(
    folder: Path, sent: dict[int, bytes], content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "log.db"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    receiver = goes_on(folder, sent, 600)
    assert numbers(receiver) == [*range(1, 601), 1000, 1001]
    assert losses(receiver) == []
    assert "0 batches and 0 later events were saved; lost are events 1 to 600" in caplog.text


def test_batches_that_vanished_are_missed(folder: Path, sent: dict[int, bytes]) -> None:
    before, *_, last = (seq for seq in sent if 200 < seq < 400)
    with closing(sqlite3.connect(folder / "log.db")) as database:
        database.execute("DELETE FROM batch WHERE last_seq > ? AND last_seq <= ?", (before, last))
        database.commit()
    receiver = goes_on(folder, sent, 100)
    assert [loss.first_seq for loss in losses(receiver)] == [before + 1]
    whole = [*range(1, before + 1), *range(last + 1, 801), 1000, 1001]
    assert sorted(numbers(receiver)) == whole
    source = LogFolder.open(folder)
    found = audit(source)
    source.close()
    assert found.problems == []
    assert [(one.first_seq, one.why) for one in found.absent] == [(before + 1, "told")]


def test_bits_that_rot_in_a_batch_are_found_before_it_is_sent(
    folder: Path, sent: dict[int, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    before, bad = [seq for seq in sent if 200 < seq < 400][:2]
    with closing(sqlite3.connect(folder / "log.db")) as database:
        wire = sent[bad]
        rotten = wire[:-1] + bytes([wire[-1] ^ 1])
        database.execute("UPDATE batch SET wire = ? WHERE last_seq = ?", (rotten, bad))
        database.commit()
    receiver = goes_on(folder, sent, 100)
    assert losses(receiver) == [LossPayload(before + 1, 801, (Run(bad + 1, 801 - bad),))]
    # What was signed after it has new numbers, and only what is lost is not there.
    whole = [*range(1, before + 1), *range(bad + 1, 801), 1000, 1001]
    assert sorted(numbers(receiver)) == whole
    assert f"lost are events {before + 1} to {bad}, which the Llama may have" in caplog.text
    assert (folder / "log.db.damaged").exists()


def test_a_loss_is_told_once_and_to_every_llama(folder: Path, sent: dict[int, bytes]) -> None:
    (folder / "log.db").unlink()
    first = goes_on(folder, sent, 300)
    second = holding(sent, 150)
    log = open_log(folder)
    drain(log, second)
    log.close()
    assert losses(first) == losses(second) == [LossPayload(1, 600)]
    assert [batch.wire for batch in first.held][-2:] == [batch.wire for batch in second.held][-2:]


async def test_a_house_book_goes_on_behind_a_loss(
    folder: Path, tmp_path: Path, sent: dict[int, bytes]
) -> None:
    book = await HouseBook.open(tmp_path / "llama", ManualClock(), UTC)
    await book.hello(NODE.node_id, Hello("Hallway", "0.1.0", 600))
    await book.approve(NODE.node_id)
    for last, wire in sent.items():
        if last <= 300:
            await book.store(open_batch(wire, NODE.node_id))
    (folder / "log.db").unlink()
    log = open_log(folder)
    log.append(OBSERVATION, numbered(1000))
    have = await book.have(NODE.node_id)
    assert log.goes_on_from(have.seq, have.hash)
    log.seal()
    for wire in log.batches_after(have.seq, 9):
        assert (await book.store(open_batch(wire, NODE.node_id))).verdict == "new"
    have = await book.have(NODE.node_id)
    assert (have.seq, have.hash) == (log.head().seq, log.head().sealed_hash)
    assert await book.refusals() == {}
    await book.close()
    log.close()


def test_it_can_happen_again(folder: Path, sent: dict[int, bytes]) -> None:
    receiver = goes_on(folder, sent, 0)
    sent = {batch.last_seq: batch.wire for batch in receiver.held}
    (folder / "log.db").write_bytes(b"again" * 4000)
    again = goes_on(folder, sent, max(sent), notes=(1002, 1003))
    assert again.held[: len(receiver.held)] == receiver.held
    assert read_mark(folder) is not None


def test_a_damaged_mark_is_made_again_from_the_log(folder: Path, sent: dict[int, bytes]) -> None:
    mark = (folder / "sealed.mark").read_bytes()
    (folder / "sealed.mark").write_bytes(mark[:-1] + b"\0")
    open_log(folder).close()
    assert (folder / "sealed.mark").read_bytes() == mark
    (folder / "sealed.mark").unlink()
    open_log(folder).close()
    assert (folder / "sealed.mark").read_bytes() == mark


def test_nothing_is_signed_when_nobody_knows_what_was(folder: Path) -> None:
    (folder / "sealed.mark").write_bytes(b"x")
    (folder / "log.db").write_bytes(b"x" * 10_000)
    with pytest.raises(StorageError, match=r"sealed\.mark is damaged too.*Move the folder away"):
        open_log(folder)
    assert (folder / "log.db").read_bytes() == b"x" * 10_000
    open_log(folder.parent / "anew").close()


def test_an_older_copy_of_the_log_alone_signs_nothing_anew(
    folder: Path, sent: dict[int, bytes]
) -> None:
    old = (folder / "log.db").read_bytes()
    log = open_log(folder)
    receiver = holding(sent, 600)
    drain(log, receiver)
    log.close()
    for beside in folder.glob("log.db*"):
        beside.unlink()
    (folder / "log.db").write_bytes(old)
    known = {batch.last_seq: batch.wire for batch in receiver.held}
    assert numbers(goes_on(folder, known, 800)) == [*range(1, 801), 1000, 1001]


def test_a_crash_amid_mending_leaves_one_log(folder: Path, sent: dict[int, bytes]) -> None:
    path = folder / "log.db"
    # Half a new one beside the damaged one: it counts for nothing.
    (folder / "log.db.new").write_bytes(b"half")
    (folder / "log.db.new-wal").write_bytes(b"half")
    open_log(folder).close()
    assert sorted(file.name for file in folder.glob("log.db*")) == ["log.db"]
    # The old one is away, the new one not yet in its place; the old one's log lies about.
    path.rename(folder / "log.db.new")
    (folder / "log.db-wal").write_bytes(b"of the old one" * 1000)
    log = open_log(folder)
    assert log.head().seq == 800
    log.close()
    assert numbers(goes_on(folder, sent, 600)) == [*range(1, 801), 1000, 1001]


def test_identity_of_the_samples() -> None:
    assert identity().node_id == NODE.node_id
