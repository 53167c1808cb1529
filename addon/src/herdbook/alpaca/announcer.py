"""Keeps Home Assistant's picture of this node right over restarts of all three.

Owns when the discovery payload is published and the memory of what was in it (`announced.json`).
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from herdbook.alpaca.discovery import (
    Component,
    discovery_payload,
    discovery_topic,
    sensor_availability_topic,
    sensor_state_topic,
)
from herdbook.alpaca.outbox import Publisher
from herdbook.errors import HerdbookError, StorageError
from herdbook.files import replace_file

_BIRTH_DELAY_S: Final = (0.2, 3.0)  # not the whole herd at once

_log = logging.getLogger(__name__)


class Announcer:
    """Announces one node: call `announce` after each connection and `born` on the birth message."""

    def __init__(
        self,
        folder: Path,
        node_id: str,
        name: str,
        components: Sequence[Component],
        rng: random.Random,
    ) -> None:
        self._memory = folder / "announced.json"
        self._node_id = node_id
        self._rng = rng
        self._born = asyncio.Event()
        self._now = {component.measurement.id: component.platform for component in components}
        self._before = _read(self._memory)
        self._removed = {
            identifier: platform
            for identifier, platform in self._before.items()
            if identifier not in self._now
        }
        self._payload = msgspec.json.encode(
            discovery_payload(node_id, name, components, self._removed)
        )

    async def announce(self, publisher: Publisher) -> None:
        """Publish the device, and clear what removed sensors left at the broker.

        Raises `BrokerUnavailable`.
        """
        await publisher.publish(discovery_topic(self._node_id), self._payload, retain=True)
        for identifier in self._removed:
            await publisher.publish(sensor_state_topic(self._node_id, identifier), b"", retain=True)
            await publisher.publish(
                sensor_availability_topic(self._node_id, identifier), b"", retain=True
            )
        if self._before != self._now:
            # Only now: a removal that reached no broker must be said again after a restart.
            try:
                await asyncio.to_thread(replace_file, self._memory, msgspec.json.encode(self._now))
            except StorageError as error:
                _log.warning("What was announced cannot be remembered: %s", error)
            self._before = self._now

    def born(self) -> None:
        """Home Assistant has just started."""
        self._born.set()

    async def run(self, publisher: Publisher) -> None:
        """Announce again, a little later, whenever Home Assistant was born; until cancelled."""
        while True:
            await self._born.wait()
            await asyncio.sleep(self._rng.uniform(*_BIRTH_DELAY_S))
            self._born.clear()
            try:
                await self.announce(publisher)
            except HerdbookError as error:
                _log.warning("Home Assistant was not told again what this node has: %s", error)


def _read(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        _log.warning("%s is damaged (%s): removed sensors may stay in view.", path, error)
        return {}
