"""A made-up journal of any size: entries, their vectors, and how those are searched.

Search by vectors is not built into the journal yet; these tables are what it would use, in a
vault's database or in a plain one. Vectors (384 numbers) are kept twice: on which side of their
mean each number is, one bit, 1,024 vectors a row, to be compared all of them by counting bits; and
as half floats, a row each, to rank the nearest by.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import apsw
import numpy as np

DIMENSIONS: Final = 384
BLOCK: Final = 1_024
NEAREST: Final = 400
"""How many of the nearest by sides are ranked by their half floats."""
TOP: Final = 20
FIRST_DAY: Final = date(2016, 1, 1)
ENTRIES_A_DAY: Final = 10
_WORDS: Final = 20_000

Vectors = np.ndarray[Any, np.dtype[np.float32]]

_TABLES: Final = f"""
CREATE TABLE mean(vector BLOB NOT NULL);
CREATE TABLE sides(block INTEGER PRIMARY KEY, bits BLOB NOT NULL);
CREATE TABLE vectors(
    number INTEGER PRIMARY KEY,
    half BLOB NOT NULL CHECK (length(half) = {2 * DIMENSIONS})
);
"""


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

    def vectors(self) -> Vectors:
        """A unit vector for each entry, in clusters with a common lean, as embeddings have."""
        chance = np.random.default_rng(self.n)
        centres = chance.normal(size=(200, DIMENSIONS)).astype(np.float32)
        made = centres[chance.integers(0, 200, self.n)]
        made += 0.9 * chance.normal(size=(self.n, DIMENSIONS)).astype(np.float32)
        made += 0.8 * chance.normal(size=DIMENSIONS).astype(np.float32)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return made

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

    def fill(self, connection: apsw.Connection) -> None:
        """Write entries and vectors; to be called as `write_entries`."""
        connection.execute(_TABLES)
        self.write_entries(connection)
        vectors = self.vectors()
        mean = vectors.mean(axis=0)
        connection.execute("INSERT INTO mean VALUES(?)", (mean.tobytes(),))
        bits = _sides(vectors, mean)
        connection.executemany(
            "INSERT INTO sides VALUES(?, ?)",
            (
                (block, bits[block * BLOCK : (block + 1) * BLOCK].tobytes())
                for block in range((self.n + BLOCK - 1) // BLOCK)
            ),
        )
        connection.executemany(
            "INSERT INTO vectors VALUES(?, ?)",
            (
                (number, vector.tobytes())
                for number, vector in enumerate(vectors.astype(np.float16), start=1)
            ),
        )


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


def nearest(connection: apsw.Connection, wanted: Vectors) -> list[int]:
    """The numbers of the 20 entries whose vectors are nearest, best first."""
    mean = np.frombuffer(connection.execute("SELECT vector FROM mean").get, np.float32)
    asked = _sides(wanted, mean).view(np.uint64)
    apart = [
        np.bitwise_count(np.frombuffer(bits, np.uint64).reshape(-1, asked.size) ^ asked).sum(
            axis=1, dtype=np.uint16
        )
        for (bits,) in connection.execute("SELECT bits FROM sides ORDER BY block")
    ]
    distances = np.concatenate(apart)
    count = min(NEAREST, distances.size)
    candidates = np.sort(np.argpartition(distances, count - 1)[:count] + 1)
    halves = b"".join(
        connection.execute("SELECT half FROM vectors WHERE number = ?", (int(number),)).get
        for number in candidates
    )
    found = np.frombuffer(halves, np.float16).reshape(count, DIMENSIONS).astype(np.float32)
    best = np.argsort(-(found @ wanted))[:TOP]
    return [int(number) for number in candidates[best]]


def _sides(vectors: Vectors, mean: Vectors) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """48 bytes a vector."""
    return np.packbits(vectors > mean, axis=-1)
