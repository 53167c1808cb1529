import json
from pathlib import Path

import pytest

from herdbook.clock import EPOCH_MS
from herdbook.errors import StorageError, TooManyAttempts
from herdbook.llama.attempts import (
    FIRST_WAIT_MS,
    FREE,
    LONGEST_WAIT_MS,
    NAMES_LIMIT,
    Attempts,
    rounded,
    wait_ms,
)
from tests.fakes.clock import ManualClock

YEAR_MS = 365 * 86_400_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempts.json"


async def _fail(attempts: Attempts, clock: ManualClock, times: int, name: str = "ada") -> None:
    for _ in range(times):
        await attempts.count(name)
        clock.advance(LONGEST_WAIT_MS)


async def _wait(attempts: Attempts, name: str = "ada") -> int:
    with pytest.raises(TooManyAttempts) as raised:
        await attempts.count(name)
    return raised.value.wait_s


async def test_some_attempts_are_free_and_then_each_waits_twice_as_long(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    for _ in range(FREE):
        await attempts.count("ada")
    for waited_s in (5, 10, 20, 40, 80):
        assert await _wait(attempts) == waited_s
        clock.advance(waited_s * 1000 - 1)
        assert await _wait(attempts) == 1
        clock.advance(1)
        await attempts.count("ada")
    await attempts.count("ben")


async def test_being_refused_does_not_prolong_the_wait(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    for _ in range(FREE):
        await attempts.count("ada")
    for _ in range(50):
        await _wait(attempts)
    clock.advance(FIRST_WAIT_MS)
    await attempts.count("ada")


async def test_the_right_secret_begins_anew(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, 12)
    await attempts.forget("ada")
    for _ in range(FREE):
        await attempts.count("ada")
    assert await _wait(attempts) == FIRST_WAIT_MS // 1000


async def test_it_survives_a_restart(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, 8)
    await attempts.count("ada")
    assert await _wait(Attempts(path, clock)) == await _wait(attempts) == 80


@pytest.mark.parametrize("jump", [-20 * YEAR_MS, -1, 1, 3_600_000, 20 * YEAR_MS])
async def test_a_clock_that_jumps_while_it_runs_changes_nothing(path: Path, jump: int) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, FREE)
    await attempts.count("ada")
    clock.wall += jump
    assert await _wait(attempts) == 10


@pytest.mark.parametrize("quality", ["synced", "unknown", "unset"])
@pytest.mark.parametrize("jump", [-20 * YEAR_MS, -1_000, 0])
async def test_a_clock_set_back_over_a_restart_locks_nobody_out_for_longer(
    path: Path, jump: int, quality: str
) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, FREE)
    await attempts.count("ada")
    again = ManualClock(clock.wall + jump, quality)  # type: ignore[arg-type]
    restarted = Attempts(path, again)
    assert await _wait(restarted) == 10
    again.advance(10_000)
    await restarted.count("ada")


@pytest.mark.parametrize(("before", "after"), [("unknown", "synced"), ("synced", "unknown")])
async def test_a_clock_set_forward_over_a_restart_frees_nobody_early(
    path: Path, before: str, after: str
) -> None:
    clock = ManualClock(quality=before)  # type: ignore[arg-type]
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, FREE)
    await attempts.count("ada")
    later = ManualClock(clock.wall + YEAR_MS, after)  # type: ignore[arg-type]
    assert await _wait(Attempts(path, later)) == 10


async def test_a_synchronised_clock_is_believed_over_a_restart(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, FREE)
    await attempts.count("ada")
    later = ManualClock(clock.wall + 4_000)
    assert await _wait(Attempts(path, later)) == 6


async def test_the_file_holds_no_name_and_a_bounded_number(path: Path) -> None:
    clock = ManualClock()
    attempts = Attempts(path, clock)
    await _fail(attempts, clock, 9, "Ada Lovelace")
    attempts._file.names.update(
        {
            f"{n:032x}": type(attempts._file.names[attempts._key("Ada Lovelace")])(1, 0, True)
            for n in range(NAMES_LIMIT - 1)
        }
    )
    attempts._since.update(dict.fromkeys(attempts._file.names, 0))
    for number in range(5):
        await attempts.count(f"made up {number}")
    data = path.read_bytes()
    assert b"Ada" not in data
    assert len(json.loads(data)["names"]) == NAMES_LIMIT
    assert path.stat().st_mode & 0o077 == 0
    await attempts.count("Ada Lovelace")
    assert await _wait(attempts, "Ada Lovelace") > 60, "made up names did not push hers out"


async def test_the_same_name_has_another_hash_on_another_llama(tmp_path: Path) -> None:
    names = []
    for llama in ("a.json", "b.json"):
        await Attempts(tmp_path / llama, ManualClock()).count("ada")
        names.append(set(json.loads((tmp_path / llama).read_bytes())["names"]))
    assert not names[0] & names[1]


async def test_a_full_disk_keeps_nobody_out_and_forgets_nothing(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "missing" / "attempts.json", ManualClock())
    for _ in range(FREE):
        await attempts.count("ada")
    assert await _wait(attempts) == FIRST_WAIT_MS // 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 99_999,
        b'{"version":2,"key":"","names":{}}',
        b'{"version":1,"key":"' + b"A" * 43 + b'=","names":{"\xff":{}}}',
        b'{"version":1,"x' + b"\xe1" + b'":1}',
    ],
    ids=lambda content: repr(content[:24]),
)
def test_a_damaged_file_is_said(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"attempts\.json"):
        Attempts(path, ManualClock(EPOCH_MS))


def test_the_wait_has_an_end() -> None:
    assert wait_ms(FREE - 1) == 0
    assert wait_ms(10_000) == LONGEST_WAIT_MS


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, (5, "seconds")),
        (10, (10, "seconds")),
        (81, (85, "seconds")),
        (91, (2, "minutes")),
        (900, (15, "minutes")),
    ],
)
def test_how_long_is_said_in_round_numbers(seconds: int, words: tuple[int, str]) -> None:
    assert rounded(seconds) == words
