"""What connects a node with the rest of the house: by a broker, or straight to its Llama."""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from herdbook.alpaca.neighbours import AskWay
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.uplink import Way
from herdbook.eventlog.event import ObservationPayload


class Line(Way, AskWay, Protocol):
    """A node has one. `run` is the connection, kept until cancelled; it raises nothing expected."""

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, as the log says; None with one, or before a try."""

    async def run(self) -> None:
        """Stay connected until cancelled."""

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What has to run beside, and end before the connection does."""

    def state(self, measurement: Measurement, value: float | None) -> None:
        """See `herdbook.alpaca.sampler.Listener`."""

    def waiting(self, events: int) -> None:
        """So many events the Llama does not have yet."""

    def diagnostic(self, part_id: str, state: str) -> None:
        """What one of `herdbook.alpaca.part.common_parts` shows now."""

    def output(self, output_id: str, state: str | None) -> None:
        """An output was set so; None: it does not work."""

    def observed(self, observation: ObservationPayload) -> None:
        """This was noticed just now; who is away now need not hear it later."""

    async def send(self, topic: str, payload: str) -> None:
        """Publish for another device, at QoS 1 and not retained. Raises `Unavailable`."""
