"""A double of gpiod's second interface, as far as Herdbook uses it, and chips to plug in and out.

Settings, levels and edge events are gpiod's own classes; `Chip` and its requests are doubled here
from the documented interface (libgpiod 2.x, Python bindings). tests/alpaca/test_gpio_line.py
compares their signatures with those of the package.
"""

import errno
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import gpiod
import pytest
from gpiod.line import Direction, Edge, Value


class Board:
    """The chips of a machine. `use` puts them in the place of the real ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chips: dict[str, FakeChip] = {}
        (root / "dev").mkdir(parents=True, exist_ok=True)

    def plug(self, name: str, label: str, lines: Iterable[str]) -> "FakeChip":
        path = self.root / "dev" / name
        path.touch()
        chip = self.chips[str(path)] = FakeChip(name, label, list(lines))
        return chip

    def unplug(self, name: str) -> None:
        path = self.root / "dev" / name
        path.unlink()
        self.chips.pop(str(path)).gone = True

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        board = self

        class Chip(ChipDouble):
            def __init__(self, path: str) -> None:
                if path not in board.chips:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                self._chip = board.chips[path]

        monkeypatch.setattr(gpiod, "Chip", Chip)


class FakeChip:
    """A chip and the voltages on its lines."""

    def __init__(self, name: str, label: str, lines: list[str]) -> None:
        self.name, self.label, self.lines = name, label, lines
        self.high = [False] * len(lines)
        self.requests: dict[int, LineRequestDouble] = {}
        self.gone = False

    def put(self, offset: int, high: bool) -> None:
        """Something that is connected drives a line."""
        before, self.high[offset] = self.high[offset], high
        if before != high and offset in self.requests:
            self.requests[offset].moved(offset, high)


class ChipDouble:
    """See `gpiod.Chip`."""

    _chip: FakeChip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held."""

    def get_info(self) -> gpiod.ChipInfo:
        return gpiod.ChipInfo(self._chip.name, self._chip.label, len(self._chip.lines))

    def line_offset_from_id(self, id: str | int) -> int:  # noqa: A002 - gpiod calls it so
        if isinstance(id, str):
            if id in self._chip.lines:
                return self._chip.lines.index(id)
            if not id.isdigit():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            id = int(id)  # noqa: A001
        if id >= len(self._chip.lines):
            raise ValueError("line offset of out range")
        return id

    def request_lines(
        self,
        config: dict[Iterable[int | str] | int | str, gpiod.LineSettings | None],
        consumer: str | None = None,
        event_buffer_size: int | None = None,
        output_values: dict[int | str, Value] | None = None,
    ) -> "LineRequestDouble":
        assert consumer
        assert output_values is None
        ((offset, settings),) = config.items()
        assert isinstance(offset, int)
        assert settings is not None
        if offset in self._chip.requests:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return LineRequestDouble(self._chip, offset, settings, event_buffer_size or 16)


class LineRequestDouble:
    """See `gpiod.LineRequest`, of one line."""

    def __init__(
        self, chip: FakeChip, offset: int, settings: gpiod.LineSettings, buffer: int
    ) -> None:
        self._chip, self._offset, self.settings, self._buffer = chip, offset, settings, buffer
        self._events: list[Any] = []
        self._seqno = 0
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._released = False
        chip.requests[offset] = self
        if settings.direction is Direction.OUTPUT:
            chip.high[offset] = bool(settings.output_value) != settings.active_low

    def moved(self, offset: int, high: bool) -> None:
        active = high != self.settings.active_low
        wanted = {Edge.RISING: [True], Edge.FALLING: [False], Edge.BOTH: [True, False]}
        if active not in wanted.get(self.settings.edge_detection, []):
            return
        self._seqno += 1
        kinds = gpiod.EdgeEvent.Type
        kind = kinds.RISING_EDGE if active else kinds.FALLING_EDGE
        event = gpiod.EdgeEvent(kind.value, self._seqno, offset, self._seqno, self._seqno)
        self._events = [*self._events, event][-self._buffer :]
        os.write(self._write, b"x")

    @property
    def fd(self) -> int:
        self._check()
        return self._read

    def release(self) -> None:
        if not self._released:
            self._released = True
            self._chip.requests.pop(self._offset, None)
            os.close(self._read)
            os.close(self._write)

    def get_value(self, line: int | str) -> Value:
        self._check_there()
        active = self._chip.high[self._offset] != self.settings.active_low
        return Value.ACTIVE if active else Value.INACTIVE

    def set_value(self, line: int | str, value: Value) -> None:
        self._check_there()
        assert self.settings.direction is Direction.OUTPUT
        self._chip.high[self._offset] = bool(value) != self.settings.active_low

    def wait_edge_events(self, timeout: timedelta | float | None = None) -> bool:
        self._check_there()
        assert timeout == 0
        return bool(self._events)

    def read_edge_events(self, max_events: int | None = None) -> list[gpiod.EdgeEvent]:
        self._check_there()
        events, self._events = self._events[:max_events], self._events[max_events or None :]
        if not self._events:
            os.read(self._read, 1 << 16)
        return events

    def _check(self) -> None:
        if self._released:
            raise gpiod.RequestReleasedError

    def _check_there(self) -> None:
        self._check()
        if self._chip.gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
