"""Which vectors are near: arithmetic on vectors as they are kept. Knows no table.

A vector is kept twice: on which side of zero each of its numbers is, one bit, all of which are
compared by counting bits; and as half floats, to rank the nearest of those by.
docs/adr/0006-pages-instead-of-records.md has the figures.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

NEAREST: Final = 400
"""How many of the nearest by sides are worth ranking by their half floats."""

Vector = np.ndarray[Any, np.dtype[np.float32]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


def sides(vector: Vector) -> bytes:
    """One bit a number."""
    return np.packbits(vector > 0).tobytes()


def half(vector: Vector) -> bytes:
    """Two bytes a number."""
    return vector.astype(np.float16).tobytes()


def nearest_by_sides(
    wanted: Vector, blocks: Sequence[bytes], allowed: Numbers | None = None
) -> list[int]:
    """Places of the nearest in `blocks` of sides laid end to end, in no order.

    With `allowed` only those places count.
    """
    asked = np.frombuffer(sides(wanted), np.uint64)
    apart = [
        np.bitwise_count(np.frombuffer(block, np.uint64).reshape(-1, asked.size) ^ asked).sum(
            axis=1, dtype=np.uint16
        )
        for block in blocks
    ]
    if not apart:
        return []
    distances = np.concatenate(apart)
    places = np.arange(distances.size) if allowed is None else allowed
    distances = distances if allowed is None else distances[allowed]
    if places.size > NEAREST:
        places = places[np.argpartition(distances, NEAREST - 1)[:NEAREST]]
    return [int(place) for place in places]


def likeness(wanted: Vector, halves: Sequence[bytes]) -> list[float]:
    """The cosine with each of some kept vectors; all of them have length 1."""
    if not halves:
        return []
    kept = np.frombuffer(b"".join(halves), np.float16).reshape(len(halves), -1)
    return [float(one) for one in kept.astype(np.float32) @ wanted]
