"""Rows out of SQLite's pages, without SQLite: for a database in which some pages are missing.

Owns the b-tree and record formats (https://www.sqlite.org/fileformat2.html) as far as salvaging
needs them. Pure; a page is 4,096 bytes of which the last 32 are reserved.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

Value = int | float | str | bytes | None
Row = tuple[int | None, list[Value]]
"""A rowid (None in an index or a table without) and the record's values."""

_USABLE: Final = 4096 - 32
_TABLE_LEAF: Final = 0x0D
_TABLE_INTERIOR: Final = 0x05
_INDEX_LEAF: Final = 0x0A
_INDEX_INTERIOR: Final = 0x02


class _Broken(Exception):
    """A cell or page that is not what the format says; it counts as lost."""


@dataclass(slots=True)
class Trees:
    """The b-trees of one database. `read` gives a page in plain or None.

    `visited` are the pages that a walk has used, `lost` those it missed, `broken` counts cells that
    could not be read, most often because a page of a long text is missing.
    """

    read: Callable[[int], bytes | None]
    visited: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    broken: int = 0

    def rows(self, root: int) -> Iterator[Row]:
        """Every readable row of the tree at `root`, going on behind what is missing."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if number in self.visited:
                continue
            page = self.read(number)
            start = 100 if number == 1 else 0
            if page is None or page[start] not in (
                _TABLE_LEAF,
                _TABLE_INTERIOR,
                _INDEX_LEAF,
                _INDEX_INTERIOR,
            ):
                self.lost.add(number)
                continue
            self.visited.add(number)
            children, rows = self._page(page, start)
            waiting += reversed(children)
            yield from rows

    def is_table_leaf(self, number: int) -> bool:
        """Whether the page at `number` is a leaf of some table."""
        page = self.read(number)
        return page is not None and number != 1 and page[0] == _TABLE_LEAF

    def _page(self, page: bytes, start: int) -> tuple[list[int], list[Row]]:
        kind = page[start]
        interior = kind in (_TABLE_INTERIOR, _INDEX_INTERIOR)
        count = struct.unpack_from(">H", page, start + 3)[0]
        first = start + (12 if interior else 8)
        children: list[int] = []
        rows: list[Row] = []
        for i in range(min(count, (_USABLE - first) // 2)):
            (cell,) = struct.unpack_from(">H", page, first + 2 * i)
            try:
                if interior:
                    children.append(_number(page, cell))
                    cell += 4
                if kind != _TABLE_INTERIOR:
                    rows.append(self._row(page, cell, table=kind == _TABLE_LEAF))
            except _Broken:
                self.broken += 1
        if interior:
            children.append(_number(page, start + 8))
        return children, rows

    def _row(self, page: bytes, at: int, *, table: bool) -> Row:
        length, at = _varint(page, at)
        if length < 0:
            raise _Broken
        rowid = None
        if table:
            rowid, at = _varint(page, at)
        # How much of a long record lies in the page itself: section 1.6 of the file format.
        most = _USABLE - 35 if table else (_USABLE - 12) * 64 // 255 - 23
        least = (_USABLE - 12) * 32 // 255 - 23
        local = length
        if length > most:
            local = least + (length - least) % (_USABLE - 4)
            local = least if local > most else local
        payload = page[at : at + local]
        if length > local:
            payload += self._overflow(_number(page, at + local), length - local)
        if len(payload) < length:
            raise _Broken
        return rowid, _record(payload)

    def _overflow(self, number: int, length: int) -> bytes:
        parts: list[bytes] = []
        seen: set[int] = set()
        while length > 0:
            page = self.read(number) if number and number not in seen else None
            if page is None:
                raise _Broken
            seen.add(number)
            parts.append(page[4 : min(_USABLE, 4 + length)])
            length -= len(parts[-1])
            number = _number(page, 0)
        self.visited |= seen
        return b"".join(parts)


def _record(data: bytes) -> list[Value]:
    length, at = _varint(data, 0)
    place = length
    values: list[Value] = []
    while at < length:
        kind, at = _varint(data, at)
        if kind < 0 or kind in (10, 11):
            raise _Broken
        size = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind] if kind < 12 else (kind - 12) // 2
        piece = data[place : place + size]
        if len(piece) < size:
            raise _Broken
        values.append(_value(kind, piece))
        place += size
    return values


def _value(kind: int, piece: bytes) -> Value:
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return float(struct.unpack(">d", piece)[0])
    if kind < 7:
        return int.from_bytes(piece, "big", signed=True)
    if kind % 2 == 0:
        return piece
    try:
        return piece.decode()
    except UnicodeDecodeError as error:
        raise _Broken from error


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(9):
        if at + i >= len(data):
            raise _Broken
        byte = data[at + i]
        if i == 8:
            value = value << 8 | byte
            return value - (1 << 64) if value >= 1 << 63 else value, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    raise _Broken


def _number(page: bytes, at: int) -> int:
    if at + 4 > len(page):
        raise _Broken
    return int.from_bytes(page[at : at + 4], "big")
