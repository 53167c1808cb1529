"""Another device's command topic as an output.

What it is set to is what the broker took. Whether the device obeys, its own entity tells.
"""

from collections.abc import Awaitable, Callable

from herdbook.alpaca.outputs.config import MqttOutput
from herdbook.alpaca.outputs.output import Output, Setting

type Send = Callable[[str, str], Awaitable[None]]


class MqttDriver:
    """See `herdbook.alpaca.outputs.output.Driver`. `send` publishes, or raises `Unavailable`."""

    def __init__(self, config: MqttOutput, output: Output, send: Send) -> None:
        self._config = config
        self._output = output
        self._send = send

    async def open(self) -> None:
        """See `Driver`."""
        await self.set(self._output.safe)

    async def set(self, value: Setting) -> None:
        """See `Driver`."""
        if isinstance(value, bool):
            payload = self._config.on if value else self._config.off
        else:
            payload = self._output.state(value)
        await self._send(self._config.topic, payload)

    async def close(self) -> None:
        """See `Driver`: there is nothing to let go of."""
