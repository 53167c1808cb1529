"""One line of a GPIO chip, by libgpiod's second interface (the kernel's character device).

Owns finding a line by its name or number, taking it, and what the kernel says when it cannot be
had. For inputs and outputs alike; knows nothing of what is connected.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import gpiod
from gpiod.line import Value

from herdbook.alpaca.words.phrase import Field, Phrase

_CONSUMER: Final = "herdbook"
_EVENTS: Final = 1024  # edges that the kernel keeps until they are read

type LineId = str | int


class LineUnavailable(Exception):
    """A line cannot be had, or was lost; `str()` is why, in a few words, as is `phrase`."""

    def __init__(self, english: str, **fields: Field) -> None:
        self.phrase = Phrase.of(english, **fields)
        super().__init__(str(self.phrase))


class GpioLine:
    """A line that was taken. Use `open`. Every call may raise `LineUnavailable`.

    Calls may come from any thread, but only one at a time.
    """

    def __init__(self, request: gpiod.LineRequest, offset: int, words: str) -> None:
        self._request = request
        self._offset = offset
        self._words = words

    @classmethod
    def open(
        cls, line: LineId, chip: str | None, settings: gpiod.LineSettings, root: Path = Path("/")
    ) -> Self:
        """Take a line, exclusively.

        `line` is its name, as ``GPIO17``, or its number on `chip`, which is a name as ``gpiochip0``
        or a label as ``pinctrl-bcm2711``; a named line is looked for on every chip. Raises
        `LineUnavailable`.
        """
        words = str(line) if chip is None else f"{line} ({chip})"
        busy: OSError | None = None
        for path in chips(root):
            try:
                with gpiod.Chip(str(path)) as device:
                    if chip not in {None, path.name, device.get_info().label}:
                        continue
                    offset = device.line_offset_from_id(line)
                    request = device.request_lines(
                        {offset: settings}, consumer=_CONSUMER, event_buffer_size=_EVENTS
                    )
                    return cls(request, offset, words)
            except FileNotFoundError:
                continue  # no such name on this chip, or it was pulled out just now
            except ValueError:
                continue  # no such number on this chip
            except OSError as error:
                busy = error
        if busy is not None:
            raise LineUnavailable(
                "the line {line} cannot be had: {error}", line=words, error=str(busy.strerror)
            ) from busy
        raise LineUnavailable("there is no line {line}", line=words)

    @property
    def fd(self) -> int:
        """The file descriptor that becomes readable when there are edges."""
        return self._request.fd

    def is_active(self) -> bool:
        """Its logical level."""
        try:
            return self._request.get_value(self._offset) is Value.ACTIVE
        except OSError as error:
            raise self._lost(error) from error

    def set_active(self, active: bool) -> None:
        """Drive an output."""
        try:
            self._request.set_value(self._offset, Value.ACTIVE if active else Value.INACTIVE)
        except OSError as error:
            raise self._lost(error) from error

    def edges(self) -> list[gpiod.EdgeEvent]:
        """The edges since the last call, oldest first; does not wait."""
        try:
            if not self._request.wait_edge_events(0):
                return []
            return self._request.read_edge_events(_EVENTS)
        except OSError as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Give it back. Safe to repeat, and when its chip is gone."""
        with suppress(OSError):
            self._request.release()

    def _lost(self, error: OSError) -> LineUnavailable:
        return LineUnavailable(
            "the line {line} was lost: {error}", line=self._words, error=str(error.strerror)
        )


def chips(root: Path = Path("/")) -> Iterator[Path]:
    """The devices of this machine's GPIO chips, in the order of their numbers."""
    devices = (root / "dev").glob("gpiochip*")
    numbered = (path for path in devices if re.fullmatch(r"gpiochip\d+", path.name))
    yield from sorted(numbered, key=lambda path: int(path.name.removeprefix("gpiochip")))
