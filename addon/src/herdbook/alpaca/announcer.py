"""Keeps Home Assistant's picture of this node right over restarts of all three.

Owns when the discovery payload is published, and the memory of what was in it (`announced.json`).

Home Assistant takes a component away only if it was told of it since it started: else what stands
in its registry stays, unavailable, for ever. So a component that is gone is described once more and
taken away at once, in messages that no broker retains, until Home Assistant is known to have heard.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from herdbook.alpaca.discovery import (
    discovery_payload,
    discovery_topic,
    sensor_availability_topic,
)
from herdbook.alpaca.outbox import Publisher
from herdbook.alpaca.part import Part, sensor_state_topic
from herdbook.errors import HerdbookError, StorageError
from herdbook.eventlog.topics import availability
from herdbook.files import replace_file

_BIRTH_DELAY_S: Final = (0.2, 3.0)  # not the whole herd at once
_MOST_GONE: Final = 256

type Description = dict[str, Any]
type _Topic = Annotated[str, Meta(pattern=r"^[^+#\x00]+\Z")]

_log = logging.getLogger(__name__)


class _Gone(Struct, frozen=True):
    id: str
    described: Description


class _Availability(Struct):
    t: _Topic


class _LookedAt(Struct):
    """What of a description is looked at here."""

    p: str
    stat_t: _Topic | None = None
    avty: tuple[_Availability, ...] = ()


class _Announced(Struct, frozen=True, forbid_unknown_fields=True):
    """What Home Assistant was told of, and what it may still have although it is gone."""

    present: dict[str, Description] = {}
    gone: tuple[_Gone, ...] = ()


class Announcer:
    """Announces one node: call `announce` after each connection and `born` on the birth message."""

    def __init__(
        self, folder: Path, node_id: str, name: str, parts: Sequence[Part], rng: random.Random
    ) -> None:
        self._memory = folder / "announced.json"
        self._node_id = node_id
        self._name = name
        self._rng = rng
        self._born = asyncio.Event()
        self._kept = _read(self._memory, node_id)
        present = {part.id: part.described(node_id) for part in parts}
        self._now = _Announced(present, tuple(_gone(self._kept, present))[-_MOST_GONE:])

    async def announce(self, publisher: Publisher) -> None:
        """Publish the device, and clear what removed components left at the broker.

        Raises `BrokerUnavailable`.
        """
        present = self._now.present
        removed = {one.id: _only_platform(one) for one in self._now.gone if one.id not in present}
        await publisher.publish(
            discovery_topic(self._node_id), self._payload(removed | present), retain=True
        )
        in_use = {topic for one in present.values() for topic in self._own_topics(one)}
        for gone in self._now.gone:
            # Each by itself: of several in one message Home Assistant leaves those behind one that
            # it is still adding.
            for described in (gone.described, _only_platform(gone)):
                await publisher.publish(
                    discovery_topic(self._node_id), self._payload({gone.id: described})
                )
            for topic in self._own_topics(gone.described) - in_use:
                await publisher.publish(topic, b"", retain=True)
        # Only now: a removal that reached no broker must be said again after a restart.
        await self._keep(self._now)

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
            else:
                self._now = _Announced(self._now.present)
                await self._keep(self._now)

    async def _keep(self, announced: _Announced) -> None:
        if announced == self._kept:
            return
        try:
            await asyncio.to_thread(replace_file, self._memory, msgspec.json.encode(announced))
        except StorageError as error:
            _log.warning("What was announced cannot be remembered: %s", error)
        self._kept = announced

    def _payload(self, components: Mapping[str, Description]) -> bytes:
        return msgspec.json.encode(discovery_payload(self._node_id, self._name, components))

    def _own_topics(self, described: Description) -> set[str]:
        """What is retained for one component alone."""
        topics: set[str] = {one["t"] for one in described.get("avty", [])}
        if "stat_t" in described:
            topics.add(described["stat_t"])
        return topics - {availability(self._node_id)}


def _gone(kept: _Announced, present: Mapping[str, Description]) -> Iterator[_Gone]:
    """What was announced and is not there, or is of another platform now."""
    before = (*kept.gone, *(_Gone(*item) for item in kept.present.items()))
    for one in {(one.id, one.described["p"]): one for one in before}.values():
        if present.get(one.id, {}).get("p") != one.described["p"]:
            yield one


def _only_platform(gone: _Gone) -> Description:
    """Home Assistant takes a component away when nothing but its platform is left."""
    return {"p": gone.described["p"]}


def _read(path: Path, node_id: str) -> _Announced:
    try:
        announced = _decoded(path.read_bytes(), node_id)
        for one in (*announced.present.values(), *(gone.described for gone in announced.gone)):
            msgspec.convert(one, _LookedAt)
    except FileNotFoundError:
        return _Announced()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        _log.warning("%s is damaged (%s): removed sensors may stay in view.", path, error)
        return _Announced()
    return announced


def _decoded(data: bytes, node_id: str) -> _Announced:
    try:
        return msgspec.json.decode(data, type=_Announced)
    except msgspec.ValidationError:
        # As it was written at first: platforms by id.
        platforms = msgspec.json.decode(data, type=dict[str, str])
    return _Announced(
        {
            identifier: Part(
                identifier,
                platform,
                {
                    "name": identifier,
                    "stat_t": sensor_state_topic(node_id, identifier),
                    "avty": [{"t": sensor_availability_topic(node_id, identifier)}],
                },
            ).described(node_id)
            for identifier, platform in platforms.items()
        }
    )
