"""Blocks of readings: what is put in comes out, in few bytes."""

import random

import pytest

from herdbook.eventlog.database import DatabaseDamaged
from herdbook.eventlog.event import MAX_INT, MAX_WALL_MS
from herdbook.house.block import DOUBLES, YES_NO, Columns, decode, encode, join
from tests.eventlog.samples import SYNCED_MS


def there_and_back(columns: Columns) -> Columns:
    return decode(columns.times[0], len(columns.times), encode(columns))


def room(count: int) -> Columns:
    """A temperature every half minute, on a machine that is a little late now and then."""
    rng = random.Random(1)
    times, values, warmth = [], [], 21.4
    for number in range(count):
        warmth += rng.gauss(0, 0.04)
        times.append(SYNCED_MS + 30_000 * number + rng.randrange(4))
        values.append(round(warmth * 10))
    return Columns(times, values, 1)


def test_a_slow_sensor_takes_less_than_a_byte_a_reading() -> None:
    columns = room(1024)
    assert there_and_back(columns) == columns
    assert len(encode(columns)) < 1024


@pytest.mark.parametrize("seed", range(20))
def test_any_columns_come_back(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.choice((1, 2, 3, 100))
    times = sorted(rng.randrange(MAX_WALL_MS) for _ in range(count))
    for kind, value in (
        (0, lambda: rng.randint(-MAX_INT, MAX_INT)),
        (6, lambda: rng.randint(-300, 300)),
        (YES_NO, lambda: rng.randrange(2)),
        (DOUBLES, lambda: rng.uniform(-1e300, 1e300)),
    ):
        columns = Columns(times, [value() for _ in range(count)], kind)
        assert there_and_back(columns) == columns


def test_parts_are_joined_in_the_order_of_time_with_the_decimals_of_the_finest() -> None:
    joined = join([Columns([30, 10], [3, 1], 0), Columns([20], [215], 2)])
    assert joined == Columns([10, 20, 30], [100, 215, 300], 2)
    assert joined.numbers() == [1, 2.15, 3]


def test_what_finer_decimals_have_no_room_for_becomes_doubles() -> None:
    joined = join([Columns([1], [MAX_INT], 0), Columns([2], [1], 6)])
    assert joined.kind == DOUBLES
    assert there_and_back(joined).numbers() == [float(MAX_INT), 1e-06]
    again = join([joined, Columns([3], [5], 1)])
    assert again.numbers() == [float(MAX_INT), 1e-06, 0.5]


def test_moving_changes_times_only() -> None:
    columns = room(5)
    moved = decode(columns.times[0] + 7, 5, encode(columns))
    assert moved == columns.moved(7)


def test_a_block_that_rots_is_damage_and_nothing_else() -> None:
    """The first byte, how many decimals there are, is the one that no checksum covers."""
    rng = random.Random(5)
    for columns in (room(200), Columns(room(200).times, [rng.random() for _ in range(200)], 8)):
        data = encode(columns)
        for _ in range(400):
            rotten = bytearray(data)
            rotten[rng.randrange(1, len(data))] ^= 1 << rng.randrange(8)
            if rng.randrange(4) == 0:
                del rotten[rng.randrange(1, len(data)) :]
            try:
                decoded = decode(columns.times[0], 200, bytes(rotten))
            except DatabaseDamaged:
                continue
            assert decoded == columns, "what is changed is nothing that is read"
        for bit in range(8):
            try:
                decoded = decode(columns.times[0], 200, bytes((data[0] ^ 1 << bit,)) + data[1:])
            except DatabaseDamaged:
                continue
            assert len(decoded.numbers()) == len(decoded.times) == 200
