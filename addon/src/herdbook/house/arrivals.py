"""Readings as events bring them, gathered until they are stored. Pure: no SQL.

An event has a handful of readings, a block of the house book a thousand. So they wait here by
series for as long as a transaction lasts.
"""

from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from herdbook.errors import InputError
from herdbook.eventlog.event import MAX_INT, MAX_WALL_MS, Event
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.house.block import YES_NO, Columns
from herdbook.house.place import BlockPlace

_payloads: Final = msgspec.msgpack.Decoder(ReadingsPayload)


class Source(NamedTuple):
    """What readings are of: a series, and the stretch that their times hang on."""

    sensor: str
    unit: str
    yes_no: bool
    stretch: int


def block_of(event: Event) -> ReadingsPayload:
    """The block that an event carries. Raises `InputError` when its payload is none."""
    try:
        return _payloads.decode(event.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"The payload of {event.kind} event {event.seq}: {error}.") from error


class _Told(Struct):
    """What a batch tells of one source with one number of decimals: payloads, not looked into."""

    place: BlockPlace
    payloads: list[ReadingsPayload] = []


type _Key = tuple[str, str | None, int | None, int, int]


class Arrivals:
    """The readings of one node that are not stored yet. Call `add`, `unpack`, and `take`."""

    def __init__(self) -> None:
        self._told: dict[_Key, _Told] = {}
        self._columns: dict[_Key, tuple[BlockPlace, list[Columns]]] = {}

    def add(self, payload: ReadingsPayload, place: BlockPlace) -> int:
        """Take in a block; returns how many readings it has. Raises `InputError` for no block."""
        count = len(payload.values)
        if len(payload.times) != count - 1:
            raise InputError("A block of readings has not as many times as values.")
        key = (payload.sensor, payload.unit, payload.decimals, place.stretch, place.by_ms)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = _Told(place)
        told.payloads.append(payload)
        return count

    def unpack(self) -> list[ReadingsPayload]:
        """Look into what was added; returns what no sensor can have measured, which is left out."""
        refused: list[ReadingsPayload] = []
        for key, told in self._told.items():
            columns = _unpack(told.payloads, told.place)
            if not _is_possible(columns, told.place):
                # Some of it is not; which, only looking at each one tells.
                fit = [
                    one
                    for one in told.payloads
                    if _is_possible(_unpack([one], told.place), told.place)
                ]
                refused += [one for one in told.payloads if one not in fit]
                columns = _unpack(fit, told.place)
            if columns.times:
                self._columns.setdefault(key, (told.place, []))[1].append(columns)
        self._told.clear()
        return refused

    def take(self) -> dict[Source, list[Columns]]:
        """All that was unpacked, by what it is of; nothing waits then."""
        taken: dict[Source, list[Columns]] = {}
        for (sensor, unit, decimals, *_), (place, parts) in self._columns.items():
            source = Source(sensor, unit or "", decimals is None, place.stretch)
            taken.setdefault(source, []).extend(parts)
        self._columns.clear()
        return taken


def _unpack(payloads: list[ReadingsPayload], place: BlockPlace) -> Columns:
    """The columns of blocks that have the same decimals.

    A block has two readings, or a few: iterators over it would cost more than the sums do.
    """
    times: list[int] = []
    values: list[int] = []
    add_time, add_value = times.append, values.append
    decimals = None
    for payload in payloads:
        decimals = payload.decimals
        time, step = payload.start_ms + place.by_ms, 0
        add_time(time)
        for change in payload.times:
            step += change
            time += step
            add_time(time)
        if decimals is None:
            values += payload.values
        else:
            value = 0
            for change in payload.values:
                value += change
                add_value(value)
    return Columns(times, values, YES_NO if decimals is None else decimals)


def _is_possible(columns: Columns, place: BlockPlace) -> bool:
    times, values = columns.times, columns.values
    if not times:
        return True
    low, high = (0, 1) if columns.kind == YES_NO else (-MAX_INT, MAX_INT)
    begun, ended = min(times) - place.by_ms, max(times) - place.by_ms
    return begun >= 0 and ended <= MAX_WALL_MS and min(values) >= low and max(values) <= high
