"""Which vectors are near: arithmetic on vectors as they are kept. Knows no table.

A vector is kept twice: on which side of zero each of its numbers is, one bit, all of which are
compared by counting bits; and as half floats, to rank the nearest of those by.
docs/adr/0006-pages-instead-of-records.md has the figures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

NEAREST: Final = 400
"""How many of the nearest by sides are worth ranking by their half floats."""

Vector = np.ndarray[Any, np.dtype[np.float32]]


def sides(vector: Vector) -> bytes:
    """One bit a number."""
    above = vector > 0
    return _taken(np.packbits(above), above)


def half(vector: Vector) -> bytes:
    """Two bytes a number."""
    return _taken(vector.astype(np.float16))


def _taken(array: np.ndarray[Any, Any], *others: np.ndarray[Any, Any]) -> bytes:
    """What is in an array. It is cleared: numpy keeps small pieces of memory to use them again."""
    taken = array.tobytes()
    for one in (array, *others):
        one.fill(0)
    return taken


def nearest_by_sides(
    wanted: Vector, blocks: Mapping[int, bytes], allowed: Sequence[int] | None = None
) -> list[int]:
    """Places of the nearest among equally long blocks of sides, in no order.

    The block with the number 0 begins at place 0. With `allowed` only those places count.
    """
    if not blocks:
        return []
    asked = np.frombuffer(sides(wanted), np.uint64)
    rows = np.frombuffer(b"".join(blocks.values()), np.uint64).reshape(-1, asked.size)
    apart = np.zeros(len(rows), np.uint16)
    # A column at a time: numpy sums along short rows ten times slower.
    for column, word in zip(rows.T, asked, strict=True):
        apart += np.bitwise_count(column ^ word)
    width = len(rows) // len(blocks)
    begins = np.array(list(blocks), np.int64) * width
    known = (begins[:, np.newaxis] + np.arange(width)).ravel()
    if allowed is not None:
        here = np.isin(known, np.array(allowed, np.int64))
        known, apart = known[here], apart[here]
    if known.size > NEAREST:
        known = known[np.argpartition(apart, NEAREST - 1)[:NEAREST]]
    return [int(place) for place in known]


def likeness(wanted: Vector, halves: Sequence[bytes]) -> list[float]:
    """The cosine with each of some kept vectors; all of them have length 1."""
    if not halves:
        return []
    kept = np.frombuffer(b"".join(halves), np.float16).reshape(len(halves), -1)
    return [float(one) for one in kept.astype(np.float32) @ wanted]
