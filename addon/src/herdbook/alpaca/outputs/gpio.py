"""A line of a GPIO chip as an output, by gpiod's version 2 interface.

The kernel gives a line to one process at a time. When this one dies without letting go, the line
goes back to the kernel, and what it is then is the chip's affair: most leave it as it was.
"""

import gpiod
from gpiod.line import Direction, Value

from herdbook.alpaca.outputs.config import GpioOutput
from herdbook.alpaca.outputs.output import Setting
from herdbook.errors import OutputUnavailable


class GpioDriver:
    """See `herdbook.alpaca.outputs.output.Driver`."""

    def __init__(self, config: GpioOutput) -> None:
        self._config = config
        self._request: gpiod.LineRequest | None = None

    async def open(self) -> None:
        """See `Driver`. The line is an output from the start with the safe value, not before."""
        await self.close()
        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT,
            active_low=self._config.active_low,
            output_value=_value(self._config.safe == "on"),
        )
        try:
            self._request = gpiod.request_lines(
                self._config.chip, consumer="herdbook", config={self._config.line: settings}
            )
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from error

    async def set(self, value: Setting) -> None:
        """See `Driver`: read back, for a short circuit does not obey.

        Not in a thread, which could not be cancelled: it takes microseconds.
        """
        line, wanted = self._config.line, _value(bool(value))
        if self._request is None:
            raise self._unavailable("it is not open")
        try:
            self._request.set_value(line, wanted)
            read = self._request.get_value(line)
        except (OSError, gpiod.RequestReleasedError) as error:
            raise self._unavailable(error) from error
        if read is not wanted:
            raise self._unavailable("it reads otherwise than it was set")

    async def close(self) -> None:
        """See `Driver`."""
        request, self._request = self._request, None
        if request is not None:
            request.release()

    def _unavailable(self, why: object) -> OutputUnavailable:
        return OutputUnavailable(
            f"{self._config.name} cannot be switched: line {self._config.line} of"
            f" {self._config.chip}: {why}.",
            fix="Check that this user may use the chip, that the line is named right, and that no"
            " other program holds it.",
        )


def _value(on: bool) -> Value:
    return Value.ACTIVE if on else Value.INACTIVE
