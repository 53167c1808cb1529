"""Many readings as few bytes: the columns of a block in the house book. Pure: no I/O, no SQL.

A block is times in milliseconds, which rise, and values of one of three types: whole numbers that
stand for decimals without their point, yes and no as 1 and 0, or doubles where decimals would lose
something. The first time stands beside the block, so that a block is moved in time without being
opened.

| bytes | |
|---|---|
| 1 | type of the values: 0 to 6 is how many decimals, 7 yes and no, 8 doubles |
| rest | one zstd frame with its checksum: the column of times, then that of values |

Times after the first are how much their step differs from the step before; decimals are the first,
then differences; yes and no are as they are. Each is written as a column: one byte that says how
wide a number is (1, 2, 4 or 8 bytes), then the lowest byte of every number, the next byte of every
number, and so on. Signs are folded into the lowest bit, so that what is near zero has zeros above
its lowest byte. Doubles are a column of their eight bytes.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import le, sub
from typing import Final

import zstandard
from msgspec import Struct

from herdbook.eventlog.database import DatabaseDamaged
from herdbook.eventlog.event import MAX_INT
from herdbook.eventlog.readings import MAX_DECIMALS

YES_NO: Final = MAX_DECIMALS + 1
DOUBLES: Final = MAX_DECIMALS + 2

_LEVEL: Final = 3
_TYPES: Final = ((1, "B", 1 << 8), (2, "H", 1 << 16), (4, "I", 1 << 32), (8, "Q", 1 << 64))
_CODES: Final = {width: code for width, code, _ in _TYPES}
_WIDEST: Final = 2 * (1 + 8)
"""Bytes of a reading that are not compressed, at most, with its share of what tells the width."""


class Columns(Struct, frozen=True):
    """Readings by column. `values` are what `kind` says: 0 to 6 decimals, `YES_NO`, `DOUBLES`."""

    times: list[int]
    values: list[int] | list[float]
    kind: int

    @property
    def divisor(self) -> int:
        """What the values are divided by to be the numbers that were measured."""
        return 10**self.kind if self.kind <= MAX_DECIMALS else 1

    def numbers(self) -> list[float]:
        """The values as they were measured; yes is 1, no is 0."""
        divisor = self.divisor
        return [value / divisor for value in self.values]

    def periods(self, length_ms: int) -> Iterator[tuple[int, int, int]]:
        """Each period that has readings: its start, the place of its first, and after its last.

        For readings in the order of time.
        """
        times, first = self.times, 0
        while first < len(times):
            start_ms = times[first] - times[first] % length_ms
            end = bisect_left(times, start_ms + length_ms, first)
            yield start_ms, first, end
            first = end

    def cut(self, first: int, end: int) -> "Columns":
        """The readings of these places."""
        return Columns(self.times[first:end], self.values[first:end], self.kind)

    def moved(self, by_ms: int) -> "Columns":
        """The same at other times."""
        return Columns([time + by_ms for time in self.times], self.values, self.kind)


def join(parts: Sequence[Columns]) -> Columns:
    """The readings of all parts in the order of time; parts are all of yes and no, or none is.

    As many decimals as any part has; doubles where that makes a number too large.
    """
    kind = max(part.kind for part in parts)
    if kind <= MAX_DECIMALS and any(_overflows(part, kind) for part in parts):
        kind = DOUBLES
    times: list[int] = []
    values: list[int] | list[float] = []
    for part in parts:
        times += part.times
        values += _as(part, kind)
    if not all(map(le, times, times[1:])):
        order = sorted(range(len(times)), key=times.__getitem__)
        times = [times[place] for place in order]
        values = [values[place] for place in order]
    return Columns(times, values, kind)


def encode(columns: Columns) -> bytes:
    """The bytes of at least one reading; the first time is not among them."""
    times, values = columns.times, columns.values
    steps = list(map(sub, times[1:], times))
    body = _column([*steps[:1], *map(sub, steps[1:], steps)])
    if columns.kind == DOUBLES:
        body += _planes(array("d", values))
    elif columns.kind == YES_NO:
        body += bytes(values)  # type: ignore[arg-type] # whole numbers, by the kind
    else:
        body += _column([values[0], *map(sub, values[1:], values)])  # type: ignore[list-item]
    packer = zstandard.ZstdCompressor(_LEVEL, write_checksum=True)
    return bytes((columns.kind,)) + packer.compress(body)


def decode(first_ms: int, count: int, data: bytes) -> Columns:
    """The readings that `encode` wrote, the first of them at `first_ms`.

    Raises `DatabaseDamaged` for what it cannot have written.
    """
    try:
        columns = _decode(first_ms, count, data)
    except (zstandard.ZstdError, LookupError, ValueError) as error:
        raise _damaged(str(error)) from error
    whole = [columns.times] if columns.kind == DOUBLES else [columns.times, columns.values]
    if {len(columns.times), len(columns.values)} != {count} or not all(
        -MAX_INT <= min(column) <= max(column) <= MAX_INT for column in whole
    ):
        raise _damaged("nothing can have measured that")
    return columns


def _decode(first_ms: int, count: int, data: bytes) -> Columns:
    kind = data[0]
    if not 0 <= zstandard.frame_content_size(data[1:]) <= _WIDEST * count:
        raise ValueError("the size is wrong")
    body = zstandard.decompress(data[1:])
    changes, at = _numbers(body, 0, count - 1)
    times = list(accumulate(accumulate(changes), initial=first_ms))
    if kind == DOUBLES:
        return Columns(times, list(_interleave(body[at:], "d")), kind)
    if kind == YES_NO:
        return Columns(times, list(body[at:]), kind)
    differences, _ = _numbers(body, at, count)
    return Columns(times, list(accumulate(differences)), kind)


def _damaged(why: str) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"A block of readings in the house book is damaged: {why}.",
        fix="Put house.db back from a backup, or move it away.",
    )


def _overflows(part: Columns, kind: int) -> bool:
    if part.kind >= kind:
        return False
    factor = 10 ** (kind - part.kind)
    return any(abs(value) > MAX_INT // factor for value in part.values)


def _as(part: Columns, kind: int) -> list[int] | list[float]:
    if part.kind == kind:
        return part.values
    if kind == DOUBLES:
        return part.numbers()
    factor = 10 ** (kind - part.kind)
    return [value * factor for value in part.values]


def _column(numbers: Iterable[int]) -> bytes:
    folded = [number << 1 if number >= 0 else ~(number << 1) for number in numbers]
    largest = max(folded, default=0)
    width, code = next((width, code) for width, code, above in _TYPES if largest < above)
    return bytes((width,)) + _planes(array(code, folded))


def _numbers(body: bytes, at: int, count: int) -> tuple[list[int], int]:
    """The numbers of the column that begins at a place, and the place where it ends."""
    code = _CODES[body[at]]
    end = at + 1 + count * body[at]
    folded = _interleave(body[at + 1 : end], code)
    return [~(number >> 1) if number & 1 else number >> 1 for number in folded], end


def _planes(numbers: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    data, width = numbers.tobytes(), numbers.itemsize
    return b"".join(data[plane::width] for plane in range(width)) if width > 1 else data


def _interleave(planes: bytes, code: str) -> "array[int]":
    numbers: array[int] = array(code)
    width = numbers.itemsize
    count = len(planes) // width
    data = bytearray(len(planes))
    for plane in range(width):
        data[plane::width] = planes[plane * count : (plane + 1) * count]
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
