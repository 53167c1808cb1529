"""A GPIO input: a contact or a motion sensor as on and off, or pulses that are counted.

The kernel debounces and keeps the edges; a short pulse between two readings is not missed.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated, Final, Literal

import gpiod
from gpiod.line import Bias, Direction, Edge
from msgspec import Meta
from msgspec.structs import replace

from herdbook.alpaca.gpio_line import GpioLine, LineUnavailable, chips
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor

_BIAS: Final = {
    None: Bias.AS_IS,
    "up": Bias.PULL_UP,
    "down": Bias.PULL_DOWN,
    "off": Bias.DISABLED,
}
_COUNTED: Final = {"rising": Edge.RISING, "falling": Edge.FALLING, "both": Edge.BOTH}
_LOOK_AGAIN_S: Final = 0.5
_TAKEN_S: Final = 0.05

type Label = Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]{1,32}\Z")]


class GpioConfig(ValueSettings, frozen=True, kw_only=True, tag="gpio"):
    """`line` is a name, as ``GPIO17``, or a number on `chip`.

    `pull` is the chip's own resistor. With `active_low` the line is on when it is pulled to ground.
    Levels that do not last `debounce` milliseconds are none. With `count` the value is how many
    such edges there were since the start, times `scale`; otherwise it is whether the line is on.
    """

    line: (
        Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]{1,32}\Z")]
        | Annotated[int, Meta(ge=0, lt=1024)]
    )
    chip: Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]{1,32}\Z")] | None = None
    pull: Literal["up", "down", "off"] | None = None
    active_low: bool = False
    debounce: Annotated[float, Meta(ge=0, le=1000)] = 10.0
    count: Literal["rising", "falling", "both"] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.line, int) and self.chip is None:
            raise ValueError("“line” as a number needs the “chip” it is on")
        if self.count is None and (self.unit or self.usual or self.deadband):
            raise ValueError("“unit”, “usual” and “deadband” are for a “count”")


class GpioSensor(ValueSensor[GpioConfig]):
    """Takes the line when it is first read, and again when it was lost."""

    def __init__(self, settings: GpioConfig, surroundings: Surroundings) -> None:
        super().__init__(_as_read(settings))
        self._root = surroundings.root
        self._lock = threading.Lock()  # `read` may still be at it when `run` ends
        self._line: GpioLine | None = None
        self._count = 0
        self._counted = 0  # the number of the line's last edge
        self._was_active = False
        self._wake: Callable[[], None] | None = None

    async def run(self, wake: Callable[[], None]) -> None:
        """See `herdbook.alpaca.sensors.measurement.Waking`."""
        loop = asyncio.get_running_loop()

        def wake_soon() -> None:
            loop.call_soon_threadsafe(wake)

        self._wake = wake_soon
        try:
            while True:
                if (ear := self._ear()) is None:
                    await asyncio.sleep(_LOOK_AGAIN_S)
                elif await _readable(ear):
                    wake()
                    await asyncio.sleep(_TAKEN_S)  # until they are read it stays readable
        finally:
            with self._lock:
                self._give_back()

    def value(self) -> float:
        """See `ValueSensor`."""
        with self._lock:
            try:
                if self._line is None:
                    self._line = self._taken()
                return self._looked(self._line)
            except LineUnavailable as error:
                self._give_back()
                raise Unreadable("{line}", line=error.phrase) from error

    def _ear(self) -> int | None:
        """A descriptor of our own for its edges: `read` may lose the line, and close its own."""
        with self._lock:
            return None if self._line is None else os.dup(self._line.fd)

    def _taken(self) -> GpioLine:
        settings = self.settings
        self._counted = 0
        return GpioLine.open(
            settings.line,
            settings.chip,
            gpiod.LineSettings(
                direction=Direction.INPUT,
                edge_detection=_COUNTED[settings.count or "both"],
                bias=_BIAS[settings.pull],
                active_low=settings.active_low,
                debounce_period=timedelta(milliseconds=settings.debounce),
            ),
            self._root,
        )

    def _looked(self, line: GpioLine) -> float:
        edges = line.edges()
        if self.settings.count is not None:
            if edges:
                # Those that the kernel had no room for have their numbers, too.
                self._count += edges[-1].line_seqno - self._counted
                self._counted = edges[-1].line_seqno
            return float(self._count)
        active = line.is_active()
        rose = any(edge.event_type is gpiod.EdgeEvent.Type.RISING_EDGE for edge in edges)
        if rose and not active and not self._was_active:
            # It was on for a moment: say so first, and then that it is off.
            self._was_active = True
            if self._wake is not None:
                self._wake()
            return 1.0
        self._was_active = active
        return float(active)

    def _give_back(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


async def _readable(fd: int) -> bool:
    """Whether a descriptor, which is closed then, becomes readable within a while."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        async with asyncio.timeout(_LOOK_AGAIN_S):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return True


def _as_read(settings: GpioConfig) -> GpioConfig:
    if settings.count is None:
        return replace(settings, form="binary")
    return replace(settings, state_class="total_increasing")


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    for path in chips(surroundings.root):
        try:
            with gpiod.Chip(str(path)) as chip:
                info = chip.get_info()
        except OSError as error:
            yield Found(f"the GPIO chip {path.name}, which cannot be used: {error.strerror}")
            continue
        yield Found(
            f"the GPIO chip {path.name} ({info.label}) with {info.num_lines} lines: "
            "add a sensor of the kind “gpio” with the “line” that something is connected to"
        )


PLUGIN = Plugin(GpioConfig, GpioSensor, _discover)
