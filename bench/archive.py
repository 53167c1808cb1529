"""A made-up journal of any size: entries and their vectors, in a vault's database or a plain one.

The vectors (384 numbers) are made up, too: to embed as many texts would take hours.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, cast

import apsw
import numpy as np

from herdbook.embedding.near import Vector, half, likeness, nearest_by_sides, sides
from herdbook.journal import indexing, vectors
from herdbook.journal.vectors import BLOCK

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder

DIMENSIONS: Final = 384
TOP: Final = 20
MADE_UP: Final = "made up"
"""What stands in the journal as the model of the vectors, unless another one is named."""
FIRST_DAY: Final = date(2016, 1, 1)
ENTRIES_A_DAY: Final = 10
_WORDS: Final = 20_000
_TRACES: Final = 400


class Archive:
    """`n` entries that are the same at every run."""

    def __init__(self, n: int) -> None:
        self.n = n
        chance = random.Random(n)
        letters = "aeiou", "bcdfghjklmnprstvw"
        self._vocabulary = [
            "".join(chance.choice(letters[place % 2]) for place in range(chance.randint(2, 10)))
            for _ in range(_WORDS)
        ]
        # Few words are frequent and most are rare, as in any language.
        self._weights = [1 / (rank + 3) for rank in range(_WORDS)]
        self.last_day = self.day(n)

    def day(self, number: int) -> date:
        """The day of an entry."""
        return FIRST_DAY + timedelta(days=(number - 1) // ENTRIES_A_DAY)

    def texts(self) -> Iterator[tuple[int, str]]:
        """Every entry's number, from 1, and its text of 20 to 120 words."""
        chance = random.Random(self.n + 1)
        for number in range(1, self.n + 1):
            count = chance.randint(20, 120)
            yield number, " ".join(chance.choices(self._vocabulary, self._weights, k=count))

    def vectors(self) -> Vector:
        """A unit vector for each entry, a row each, in clusters that lean one way, as real ones."""
        chance = np.random.default_rng(self.n)
        centres = chance.normal(size=(200, DIMENSIONS)).astype(np.float32)
        made = centres[chance.integers(0, 200, self.n)]
        made += 0.9 * chance.normal(size=(self.n, DIMENSIONS)).astype(np.float32)
        made += 0.8 * chance.normal(size=DIMENSIONS).astype(np.float32)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return made

    def write_traces(self, connection: apsw.Connection) -> None:
        """Give each entry none to three of 400 traces; to be called after `write_entries`."""
        names = self._vocabulary[:_TRACES]
        connection.executemany(
            "INSERT INTO traces(number, id, name, folded) VALUES(?, ?, ?, ?)",
            (
                (number, trace_id(number), f"{name} {number}", f"{name} {number}")
                for number, name in enumerate(names, start=1)
            ),
        )
        chance = random.Random(self.n + 2)
        numbers = range(1, _TRACES + 1)
        connection.executemany(
            "INSERT INTO entry_traces(entry, trace, day) VALUES(?, ?, ?)",
            (
                (entry, trace, self.day(entry).isoformat())
                for entry in range(1, self.n + 1)
                for trace in set(
                    chance.choices(numbers, self._weights[:_TRACES], k=chance.randint(0, 3))
                )
            ),
        )

    def write_entries(self, connection: apsw.Connection) -> None:
        """Write the entries; to be called in a transaction, on a journal's schema."""
        connection.executemany(
            "INSERT INTO entries(number, id, day, created_ms, author, text) "
            "VALUES(?, ?, ?, ?, 'person', ?)",
            (
                (number, f"{number:032x}", self.day(number).isoformat(), number, text)
                for number, text in self.texts()
            ),
        )
        indexing.catch_up(connection)

    def write_vectors(self, connection: apsw.Connection, model: str = MADE_UP) -> None:
        """Write a vector for each entry, as if `model` had made them; to be called as the other."""
        vectors.begin(connection, model)
        made = self.vectors()
        connection.executemany(
            "INSERT INTO derived_vectors(place, entry, first, last, half) "
            "VALUES(?1, ?1, 0, 99, ?2)",
            ((number, half(vector)) for number, vector in enumerate(made, start=1)),
        )
        # No entry is in the first place.
        bits = b"".join([bytes(DIMENSIONS // 8), *map(sides, made)])
        width = BLOCK * DIMENSIONS // 8
        connection.executemany(
            "INSERT INTO derived_sides VALUES(?, ?)",
            (
                (block, bits[block * width :][:width].ljust(width, b"\0"))
                for block in range(self.n // BLOCK + 1)
            ),
        )
        connection.execute("DELETE FROM derived_waiting")

    def fill(self, connection: apsw.Connection) -> None:
        """Write entries and vectors; to be called as they."""
        self.write_entries(connection)
        self.write_vectors(connection)


class NoModel:
    """What stands in for a model where all vectors are made up: it compares, and embeds nothing."""

    id = MADE_UP
    nearest = staticmethod(nearest_by_sides)
    likeness = staticmethod(likeness)


def nearest(connection: apsw.Connection, wanted: Vector) -> list[int]:
    """The numbers of the 20 entries whose vectors are nearest, best first, as the journal finds."""
    found = vectors.nearest(connection, cast("Embedder", NoModel()), wanted, TOP)
    return [one.number for one in found]


def trace_id(number: int) -> str:
    """The id of a trace; of the first one, most entries have some."""
    return f"{number:032x}"


def phrases(connection: apsw.Connection, count: int) -> list[str]:
    """Three words that stand together, each from an entry anywhere in the archive."""
    chance = random.Random(count)
    newest = connection.execute("SELECT max(number) FROM entries").get
    found = []
    for _ in range(count):
        text = connection.execute(
            "SELECT text FROM entries WHERE number = ?", (chance.randint(1, newest),)
        ).get
        words = text.split()
        start = chance.randrange(len(words) - 2)
        found.append(" ".join(words[start : start + 3]))
    return found
