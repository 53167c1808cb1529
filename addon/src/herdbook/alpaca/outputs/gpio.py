"""A line of a GPIO chip as an output.

The kernel gives a line to one process at a time. When this one dies without letting go, the line
goes back to the kernel, and what it is then is the chip's affair: most leave it as it was.
"""

from pathlib import Path

import gpiod
from gpiod.line import Direction, Value

from herdbook.alpaca.gpio_line import GpioLine, LineUnavailable
from herdbook.alpaca.outputs.config import GpioOutput
from herdbook.alpaca.outputs.output import Setting
from herdbook.errors import OutputUnavailable


class GpioDriver:
    """See `herdbook.alpaca.outputs.output.Driver`. `root` is where the machine's files are."""

    def __init__(self, config: GpioOutput, root: Path = Path("/")) -> None:
        self._config = config
        self._root = root
        self._line: GpioLine | None = None

    async def open(self) -> None:
        """See `Driver`. The line is an output from the start with the safe value, not before."""
        await self.close()
        safe = self._config.safe == "on"
        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT,
            active_low=self._config.active_low,
            output_value=Value.ACTIVE if safe else Value.INACTIVE,
        )
        try:
            self._line = GpioLine.open(self._config.line, self._config.chip, settings, self._root)
        except LineUnavailable as error:
            raise self._unavailable(error) from error

    async def set(self, value: Setting) -> None:
        """See `Driver`: read back, for a short circuit does not obey.

        Not in a thread, which could not be cancelled: it takes microseconds.
        """
        if self._line is None:
            raise self._unavailable("it is not open")
        try:
            self._line.set_active(bool(value))
            follows = self._line.is_active() is bool(value)
        except LineUnavailable as error:
            raise self._unavailable(error) from error
        if not follows:
            raise self._unavailable("it reads otherwise than it was set")

    async def close(self) -> None:
        """See `Driver`."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _unavailable(self, why: object) -> OutputUnavailable:
        return OutputUnavailable(
            f"{self._config.name} cannot be switched: {why}.",
            fix="Check that this user may use the chip, that the line is named right, and that no"
            " other program holds it.",
        )
