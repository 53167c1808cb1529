"""A node's line straight to its Llama, by HTTP: its log, and nothing for Home Assistant."""

import random
from collections.abc import Coroutine, Sequence
from typing import Any

from herdbook.alpaca.address import Address, LlamaSettings
from herdbook.alpaca.courier import Courier, OnAnswer
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.uplink import Uplink
from herdbook.clock import Clock
from herdbook.errors import BrokerUnavailable
from herdbook.eventlog.event import ObservationPayload


class LlamaLine:
    """See `herdbook.alpaca.line.Line`. Raises `ConfigError` for an address that is none."""

    def __init__(
        self,
        settings: LlamaSettings,
        node_id: str,
        uplink: Uplink,
        on_neighbours: OnAnswer,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._uplink = uplink
        self._courier = Courier(
            Address(settings),
            node_id,
            on_connect=self._begin,
            on_have=uplink.heard,
            on_neighbours=on_neighbours,
            clock=clock,
            rng=rng,
        )

    @property
    def connected(self) -> bool:
        """See `herdbook.alpaca.uplink.Way`."""
        return self._courier.connected

    @property
    def trouble(self) -> str | None:
        """See `Line`."""
        return self._courier.trouble

    async def run(self) -> None:
        """See `Line`."""
        await self._courier.run()

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        """See `Line`: there are none."""
        return ()

    async def hello(self, wire: bytes) -> None:
        """See `herdbook.alpaca.uplink.Way`."""
        await self._courier.hello(wire)

    async def batch(self, wire: bytes) -> None:
        """See `herdbook.alpaca.uplink.Way`."""
        await self._courier.batch(wire)

    async def ask(self, wire: bytes) -> None:
        """See `herdbook.alpaca.neighbours.AskWay`."""
        await self._courier.ask(wire)

    def state(self, measurement: Measurement, value: float | None) -> None:
        """See `Line`: states are a broker's; the Llama has the readings."""

    def waiting(self, events: int) -> None:
        """See `Line`: the Llama counts by the hellos itself."""

    def diagnostic(self, part_id: str, state: str) -> None:
        """See `Line`: there is nobody to show it."""

    def output(self, output_id: str, state: str | None) -> None:
        """See `Line`: there is nobody to show it."""

    def observed(self, observation: ObservationPayload) -> None:
        """See `Line`: the Llama has it from the log."""

    async def send(self, topic: str, payload: str) -> None:
        """See `Line`: without a broker, never."""
        raise BrokerUnavailable(
            f"Nothing is published on {topic}: this node has no broker.",
            fix="Put [broker] in the place of [llama].",
        )

    async def _begin(self, courier: Courier) -> None:
        await self._uplink.connected()
        await self._uplink.say_hello(courier)
