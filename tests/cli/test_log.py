"""``herdbook log``, run as people run it: as a process, beside a node that runs."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herdbook.cli.event_lines import line_of, object_of
from herdbook.eventlog.audit import audit
from herdbook.eventlog.event import (
    CLOCK,
    OBSERVATION,
    READINGS,
    Event,
    LossPayload,
    ObservationPayload,
    OutputPayload,
    ThoughtPayload,
    WordingPayload,
)
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.mark import read_mark
from herdbook.eventlog.piece import Mark
from herdbook.eventlog.readings import pack
from herdbook.eventlog.timeline import ClockPayload, Moment
from herdbook.house.memory import MemoryPayload, RetractionPayload, ReviewPayload
from tests.eventlog.samples import CO2, SYNCED_MS, numbered, open_log
from tests.fakes.clock import ManualClock


class _Evil(msgspec.Struct):
    words: str
    more: bytes


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herdbook.cli.main", "log", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"TZ": "UTC", "PYTHONUTF8": "1"},
    )


def _objects(*arguments: str | Path) -> list[dict[str, Any]]:
    result = _run(*arguments, "--json")
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "node"


@pytest.fixture
def log(folder: Path) -> Iterator[EventLog]:
    """A node that runs: three batches, then two events that are in none."""
    clock = ManualClock(SYNCED_MS)
    log = open_log(folder, clock)
    for number in range(1, 10):
        log.append(OBSERVATION, numbered(number))
        clock.advance(60_000)
        if number % 3 == 0:
            log.seal()
    samples = [(SYNCED_MS + 10_000 * n, 420.5 + n) for n in range(3)]
    log.append(READINGS, pack("room_co2", "ppm", samples))
    log.append("evil", _Evil("\x1b[31mred\r\n", b"\xff"))
    yield log
    log.close()


def test_a_log_is_verified_while_its_node_writes(log: EventLog, folder: Path) -> None:
    result = _run("verify", folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert "3 batches up to event 9, 2 later events not signed yet." in result.stdout
    assert result.stdout.endswith("Everything is as it was written.\n")
    (found,) = _objects("verify", folder)
    assert found["whole"] is True
    assert (found["node_id"], found["batches"], found["last_seq"]) == (log.node_id, 3, 11)
    assert log.append(OBSERVATION, CO2).seq == 12


def test_a_node_that_seals_meanwhile_is_not_called_damaged(
    log: EventLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(path: Path) -> Mark | None:
        log.append(OBSERVATION, CO2)
        log.seal()
        return read_mark(path)

    monkeypatch.setattr("herdbook.eventlog.folder.read_mark", meanwhile)
    source = LogFolder.open(folder)
    log.append(OBSERVATION, CO2)
    log.seal()
    assert audit(source).problems == []
    source.close()


def test_a_log_is_named_by_its_nodes_configuration(log: EventLog, folder: Path) -> None:
    config = folder.with_name("alpaca.toml")
    config.write_text('name = "Hallway"\ndata = "node"\n[[sensor]]\nkind = "system"\n')
    assert _run("verify", "--config", config).returncode == 0
    assert log.head().seq == 11


def test_what_is_wrong_is_named_by_batch(log: EventLog, folder: Path) -> None:
    log.close()
    with closing(sqlite3.connect(folder / "log.db")) as database:
        (wire,) = database.execute("SELECT wire FROM batch WHERE last_seq = 6").fetchone()
        changed = wire[:-1] + bytes([wire[-1] ^ 1])
        database.execute("UPDATE batch SET wire = ? WHERE last_seq = 6", (changed,))
        database.execute("DELETE FROM tail WHERE seq = 10")
        database.commit()
    result = _run("verify", folder)
    assert result.returncode == 1
    damage = [line for line in result.stdout.splitlines() if line.startswith("Damaged")]
    assert [line.rsplit(" ", 1)[1] for line in damage] == ["(signature)", "(missing)"]
    assert damage[0].startswith("Damaged: Events 4 to 6:")
    assert damage[1].startswith("Damaged: Event 10:")
    assert "Start the node" in result.stdout
    (found,) = _objects("verify", folder)
    assert found["whole"] is False
    assert [problem["reason"] for problem in found["problems"]] == ["signature", "missing"]
    shown = _run("show", folder)
    assert shown.returncode == 1
    [wrong] = shown.stderr.splitlines()
    assert wrong.startswith("herdbook: Damaged: Events 4 to 6: ")
    assert wrong.endswith("(signature)")
    assert len(shown.stdout.splitlines()) == 7


def test_a_file_that_is_no_database_any_more_is_damaged_not_unknown(
    log: EventLog, folder: Path
) -> None:
    log.close()
    (folder / "log.db").write_bytes(b"no database at all" * 300)
    result = _run("verify", folder)
    assert (result.returncode, result.stderr) == (1, "")
    assert "is not a database" in result.stdout
    assert "Start the node" in result.stdout
    (found,) = _objects("verify", folder)
    assert found["problems"][0]["reason"] == "unreadable"
    mended = open_log(folder)
    assert mended.head().seq == 9, "what was signed stays used"
    mended.close()
    told = _run("verify", folder)
    assert told.returncode == 0
    assert "Events 1 to 9 are not kept any more: lost to damage." in told.stdout


def test_what_is_exported_verifies_and_shows_elsewhere(
    log: EventLog, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "log.hbx"
    result = _run("export", folder, "--to", file)
    assert result.returncode == 0, result.stderr
    assert "3 batches up to event 9" in result.stdout
    assert "2 later events are not signed yet" in result.stdout
    (found,) = _objects("verify", file)
    assert found["whole"] is True
    assert (found["node_id"], found["batches"], found["last_seq"]) == (log.node_id, 3, 9)
    assert _objects("show", file) == _objects("show", folder)[:9]
    again = _run("export", folder, "--to", file)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    copy = tmp_path / "copy.hbx"
    assert _run("export", file, "--to", copy).returncode == 0
    assert copy.read_bytes() == file.read_bytes()


def test_every_cut_and_change_of_an_export_is_seen(
    log: EventLog, folder: Path, tmp_path: Path
) -> None:
    assert _run("export", folder, "--to", tmp_path / "log.hbx").returncode == 0
    data = (tmp_path / "log.hbx").read_bytes()
    for name, changed in {
        "cut": data[: len(data) // 2],
        "without its end": data[:-10],
        "changed": data[:500] + bytes([data[500] ^ 1]) + data[501:],
        "added to": data + b"\0",
    }.items():
        file = tmp_path / name
        file.write_bytes(changed)
        assert _run("verify", file).returncode == 1, name
        assert re.search(r"Damaged: Events? \d+.*: .+ \(\w+\)", _run("show", file).stderr), name
    (tmp_path / "other").write_bytes(b"something else")
    result = _run("verify", tmp_path / "other")
    assert result.returncode == 2
    assert "not an exported event log" in result.stderr


def test_events_are_shown_readably(log: EventLog, folder: Path) -> None:
    lines = _run("show", folder).stdout.splitlines()
    assert len(lines) == 11
    assert lines[0] == "       1  2026-11-01 12:00:00  observation  Number 1."
    assert lines[9].endswith("readings     room_co2: 3 samples, 420.5 to 422.5 ppm")
    assert "\x1b" not in lines[10]
    objects = _objects("show", folder)
    assert objects[0]["payload"]["sentence"] == "Number 1."
    assert objects[0]["time"] == "2026-11-01T12:00:00.000+00:00"
    assert objects[10]["payload"] == {"words": "\x1b[31mred\r\n", "more": "/w=="}


@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (["--limit", "2"], [10, 11]),
        (["--kind", "readings", "--kind", "evil"], [10, 11]),
        (["--from", "3", "--to", "5"], [3, 4, 5]),
        (["--from", "2026-11-01T12:02", "--to", "2026-11-01T12:04"], [3, 4]),
        (["--from", "2026-11-02"], []),
        (["--kind", "observation", "--limit", "1", "--to", "8"], [8]),
    ],
    ids=str,
)
def test_what_is_shown_can_be_chosen(
    log: EventLog, folder: Path, arguments: list[str], seqs: list[int]
) -> None:
    assert [event["seq"] for event in _objects("show", folder, *arguments)] == seqs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify"], "Which log?"),
        (["verify", "."], "There is no event log"),
        (["verify", "nowhere"], "Cannot read nowhere"),
        (["show", ".", "--from", "yesterday"], "no number, date or time"),
        (["show", ".", "--limit", "0"], "not a number from 1 on"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said(arguments: list[str], words: str) -> None:
    result = _run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_whoever_reads_only_the_beginning_is_not_shouted_at(log: EventLog, folder: Path) -> None:
    log.append_many([(OBSERVATION, numbered(number)) for number in range(5000)])
    command = f"{sys.executable} -m herdbook.cli.main log show {folder} | head -1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1


def test_a_time_that_was_not_synchronised_is_about(folder: Path) -> None:
    log = open_log(folder, ManualClock(5_000, "unset"))
    log.append(OBSERVATION, ObservationPayload("s", "S", "k", "x", None, None, None, 1.0))
    log.close()
    assert _run("show", folder).stdout.startswith("       1 ~1970-01-01 00:00:05")


def test_times_are_put_right_by_what_the_boot_learned_later(folder: Path) -> None:
    clock = ManualClock(5_000, "unset")
    log = open_log(folder, clock)
    log.append(OBSERVATION, CO2)
    clock.monotonic += 60_000
    clock.wall, clock._quality = SYNCED_MS, "synced"
    log.append(CLOCK, ClockPayload(clock.wall - clock.monotonic))
    log.close()
    lines = _run("show", folder).stdout.splitlines()
    assert lines[0].startswith("       1  2026-11-01 11:59:00  observation")
    assert [event["about"] for event in _objects("show", folder)] == [False, False]
    assert len(_objects("show", folder, "--from", "2026-11-01T11:59", "--to", "1")) == 1


def test_every_kind_of_payload_has_a_line_and_an_object() -> None:
    now = Moment(SYNCED_MS, known=True)

    def event(kind: str, payload: bytes) -> Event:
        return Event(1, 1, "boot", 0, SYNCED_MS, "synced", kind, msgspec.Raw(payload))

    for payload in (
        b"\x81\xa1x\x07",
        b"\xc7\x01\x05x",
        b"\xa1\xff",
        b"\x81\x80\x01",
        b"\x91" * 2000,
    ):
        for kind in (OBSERVATION, READINGS, "clock", "output", "thought", "wording", "new"):
            assert "bytes" in line_of(event(kind, payload), now)
        msgspec.json.encode(object_of(event("new", payload), now))
    assert object_of(event("new", b"\xa1\xff"), now)["payload_hex"] == "a1ff"
    told = event("clock", msgspec.msgpack.encode(ClockPayload(5)))
    assert "the time is known" in line_of(told, now)
    lost = event("loss", msgspec.msgpack.encode(LossPayload(3, 9)))
    assert "events 3 to 9 were lost" in line_of(lost, now)
    for kind, payload, words in (
        ("thought", ThoughtPayload("c", 1, "ask", "Is it warm?", "", False), "ask: Is it warm?"),
        ("thought", ThoughtPayload("c", 2, "no_answer", "", "Busy.", False), "no_answer: Busy."),
        ("wording", WordingPayload(7, "How warm it is!", "m"), "of 7: How warm it is!"),
        ("memory", MemoryPayload("dog", "name", "Bo", "The dog is Bo.", 0.5), "The dog is Bo."),
        ("retraction", RetractionPayload("dog", "name"), "dog, name: not told any more"),
        ("review", ReviewPayload("dog", "name", "Bo", "wrong"), "dog, name: wrong"),
        ("review", ReviewPayload("dog", "name", "Bo", None), "dog, name: not judged any more"),
    ):
        assert line_of(event(kind, msgspec.msgpack.encode(payload)), now).endswith(f"  {words}")
    fan = OutputPayload("fan", "Fan", value=False, why="connection_lost")
    said = event("output", msgspec.msgpack.encode(fan))
    assert "Fan went back to off: the connection was lost" in line_of(said, now)
    valve = OutputPayload("valve", "Valve", value=5.5, why="too_long")
    said = event("output", msgspec.msgpack.encode(valve))
    assert "Valve went back to 5.5: it was long enough" in line_of(said, now)
