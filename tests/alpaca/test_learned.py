import random
import zlib
from pathlib import Path

import pytest

from herdbook.alpaca.learned import Kept, LearnedFile, encode
from herdbook.alpaca.noticer import Noticer
from herdbook.alpaca.noticing.watch import Watch
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.room import RoomConfig, RoomSensor
from tests.alpaca.test_observer import SensorDouble
from tests.fakes.clock import ManualClock

HOUR_S = 3600.0
BOILER = Measurement(id="boiler", name="Boiler", unit="°C", precision=1, spread=1)


def some() -> Kept:
    watch, rng = Watch("number", spread=1.0), random.Random(1)
    for step in range(10 * 144):
        watch.update(20 + rng.gauss(0, 0.3), step * 600.0, step * 600.0)
    return Kept(local_s=864_000.0, measurements={"boiler": watch.learned()})


def test_it_comes_back_as_it_was_and_is_small(tmp_path: Path) -> None:
    file, kept = LearnedFile(tmp_path), some()
    assert file.load() == Kept()
    file.save(encode(kept))
    assert encode(file.load()) == encode(kept)
    assert (tmp_path / "learned.bin").stat().st_size < 20_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no msgpack"),
        zlib.compress(b"\x93\x01\x02\x03"),
        zlib.compress(encode(Kept(version=2))),
    ],
)
def test_a_file_that_cannot_be_used_is_learned_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "learned.bin").write_bytes(content)
    file = LearnedFile(tmp_path)
    assert file.load() == Kept()
    assert "learned anew" in caplog.text
    file.save(encode(some()))
    assert encode(file.load()) == encode(some())
    assert (tmp_path / "learned.bin.damaged").read_bytes() == content


def test_what_a_crash_left_and_nobody_can_remove_costs_nothing_that_was_learned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = LearnedFile(tmp_path)
    file.save(encode(some()))
    (tmp_path / ".learned.bin.12345678").mkdir()
    assert encode(file.load()) == encode(some())
    assert "What a crash left is still there" in caplog.text


def test_what_cannot_even_be_put_aside_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "learned.bin").write_bytes(b"no zlib")
    (tmp_path / "learned.bin.damaged").mkdir()
    assert LearnedFile(tmp_path).load() == Kept()
    assert "It is not kept, but written over: Is a directory." in caplog.text


def test_half_a_file_is_never_used(tmp_path: Path) -> None:
    """Nor half of its columns, which would be of another length than eight weeks."""
    file = LearnedFile(tmp_path)
    file.save(encode(some()))
    path = tmp_path / "learned.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert file.load() == Kept()
    damaged = some()
    number = damaged.measurements["boiler"].number
    assert number is not None
    number.columns = number.columns[:100]
    file.save(encode(damaged))
    assert file.load() == Kept()


def test_a_disk_that_refuses_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = LearnedFile(tmp_path / "missing")
    file.save(encode(some()))
    file.save(encode(some()))
    assert caplog.text.count("in memory only") == 1


async def test_a_node_goes_on_with_what_it_learned(tmp_path: Path) -> None:
    clock, sensor = ManualClock(), SensorDouble(BOILER)
    noticer = Noticer(clock, LearnedFile(tmp_path))
    observer = noticer.observer(sensor, BOILER)
    assert observer is not None
    rng = random.Random(1)
    for _ in range(16 * 144):
        clock.advance(600_000)
        assert observer.notice(20 + rng.gauss(0, 0.3), *noticer.now(1)) is None
    await noticer.save()

    later = ManualClock(clock.wall + 3_600_000)  # its monotonic clock begins anew
    again = Noticer(later, LearnedFile(tmp_path), LearnedFile(tmp_path).load())
    observer = again.observer(sensor, BOILER)
    assert observer is not None
    made = [
        observer.notice(30.0, *again.now(1)) for _ in range(3) if later.advance(600_000) is None
    ]
    (said,) = [one for one in made if one is not None]
    assert said.kind in ("above_usual", "sudden_change")
    assert said.known_days == pytest.approx(16, abs=0.1)


async def test_a_clock_that_was_never_set_goes_on_where_it_was(tmp_path: Path) -> None:
    noticer = Noticer(ManualClock(), LearnedFile(tmp_path))
    _, before = noticer.now(1)
    await noticer.save()
    unset = ManualClock(wall_ms=5_000, quality="unset")
    again = Noticer(unset, LearnedFile(tmp_path), LearnedFile(tmp_path).load())
    unset.advance(60_000)
    assert again.now(1) == (61.0, before + 60)


async def test_a_simulated_room_is_learned_anew_in_its_own_time(tmp_path: Path) -> None:
    clock = ManualClock()
    noticer = Noticer(clock, LearnedFile(tmp_path))
    room = RoomSensor(RoomConfig(speed=60), Surroundings(clock))
    for measurement in room.measurements:
        assert noticer.observer(room, measurement) is not None
    clock.advance(60_000)
    at, local_s = noticer.now(60)
    assert at == 61 * 60
    assert local_s % 86_400 == 19 * HOUR_S
    await noticer.save()
    assert LearnedFile(tmp_path).load().measurements == {}
