"""Holds what the Llama last told and the one socket it tells it by.

Owns the connection's life: opening, reading, reconnecting for ever. Entities read `data` and
listen; observations go to the one listener of their node, each at most once.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .client import (
    Backoff,
    Connection,
    ConnectionLost,
    Hello,
    InvalidAuth,
    LlamaClient,
    LlamaError,
    Node,
    NodeGone,
    Observation,
    Person,
    Recalled,
    Snapshot,
    Today,
    UnsupportedSchema,
)
from .const import DOMAIN, LOGGER

type HerdbookConfigEntry = ConfigEntry[HerdbookCoordinator]
type ObservationListener = Callable[[Observation], None]

# What an entity that is just being added may miss; more than that is a backlog, not news.
HELD_OBSERVATIONS: Final = 8
# A connection that lasted this long was a good one: the next wait starts small again.
GOOD_CONNECTION_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Herd:
    """The state of things: today's counts and every Alpaca by its node id."""

    today: Today
    nodes: Mapping[str, Node]


class WrongLlama(LlamaError):
    """Another Llama answers at the address than the one that was set up."""


class HerdbookCoordinator(DataUpdateCoordinator[Herd]):
    """Pushes what the Llama tells to the entities."""

    config_entry: HerdbookConfigEntry
    hello: Hello
    _herd: Herd

    def __init__(self, hass: HomeAssistant, entry: HerdbookConfigEntry) -> None:
        """Prepare; nothing is opened before the first refresh."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.client = LlamaClient(
            async_get_clientsession(hass), entry.data[CONF_URL], entry.data[CONF_TOKEN]
        )
        self.backoff = Backoff(random.random)
        self._connection: Connection | None = None
        self._newest: dict[str, int] = {}
        self._listeners_of: dict[str, ObservationListener] = {}
        self._held: dict[str, deque[Observation]] = {}

    @override
    async def _async_setup(self) -> None:
        """Open the first connection. What it tells of the past is no news."""
        try:
            snapshot = await self._async_connect()
        except InvalidAuth as error:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="invalid_auth"
            ) from error
        except WrongLlama as error:
            raise ConfigEntryError(
                translation_domain=DOMAIN, translation_key="wrong_llama"
            ) from error
        except UnsupportedSchema as error:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="unsupported_schema"
            ) from error
        except LlamaError as error:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="cannot_connect",
                translation_placeholders={"error": str(error)},
            ) from error
        self._herd = _herd(snapshot)
        if snapshot.last_observation is not None:
            self._is_new(snapshot.last_observation)

    @override
    async def _async_update_data(self) -> Herd:
        """What is known already: the Llama pushes, so asking again brings nothing new."""
        if self._connection is None:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="llama_unreachable")
        return self._herd

    @property
    def connection(self) -> Connection:
        """The open connection; `ConnectionLost` while there is none."""
        if self._connection is None:
            raise ConnectionLost("There is no connection to the Llama.")
        return self._connection

    async def async_write_entry(
        self, person: Person, text: str, *, day: date | None, source: str
    ) -> None:
        """Seal a text into a person's inbox. Raises as `Connection.write_entry`."""
        await self.connection.write_entry(person, text, day=day, source=source)

    async def async_approve_node(self, node_id: str) -> None:
        """Let an Alpaca into the herd. Raises as `Connection.approve_node`."""
        await self.connection.approve_node(node_id)

    async def async_recall(
        self, query: str, *, first: date | None, last: date | None, kept: bool, limit: int
    ) -> Recalled:
        """Ask what the house knows of something. Raises as `Connection.recall`."""
        return await self.connection.recall(query, first=first, last=last, kept=kept, limit=limit)

    async def async_run(self) -> None:
        """Read until cancelled; whenever the connection ends, open another."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                opened = loop.time()
                try:
                    if self._connection is None:
                        self._async_reconnected(await self._async_connect())
                    await self._async_read(self.connection)
                except LlamaError as error:
                    await self._async_disconnected(error)
                if loop.time() - opened >= GOOD_CONNECTION_S:
                    self.backoff.reset()
                await asyncio.sleep(self.backoff.next_s())
        finally:
            await self.async_close()

    async def async_close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @callback
    def async_listen_to(self, node_id: str, listener: ObservationListener) -> CALLBACK_TYPE:
        """Have each new observation of a node told once, those held for it first."""
        self._listeners_of[node_id] = listener
        for observation in self._held.pop(node_id, ()):
            listener(observation)

        @callback
        def stop() -> None:
            del self._listeners_of[node_id]

        return stop

    async def _async_connect(self) -> Snapshot:
        connection, snapshot = await self.client.connect()
        hello = connection.hello
        if hello.llama_id != self.config_entry.unique_id:
            await connection.close()
            raise WrongLlama(f"Another Llama, “{hello.name}”, answers at the address.")
        self._connection = connection
        self.hello = hello
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, hello.llama_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer="Herdbook",
            model="Llama",
            name=hello.name,
            sw_version=hello.version,
            configuration_url=hello.panel_url,
        )
        return snapshot

    async def _async_read(self, connection: Connection) -> None:
        while True:
            event = await connection.next_event()
            if isinstance(event, Observation):
                self._tell(event)
            elif isinstance(event, Today):
                self._set_herd(replace(self._herd, today=event))
            elif isinstance(event, NodeGone):
                nodes = {
                    id_: node for id_, node in self._herd.nodes.items() if id_ != event.node_id
                }
                self._set_herd(replace(self._herd, nodes=nodes))
            else:
                nodes = {**self._herd.nodes, event.node_id: event}
                self._set_herd(replace(self._herd, nodes=nodes))

    @callback
    def _async_reconnected(self, snapshot: Snapshot) -> None:
        LOGGER.info("Connected again to the Llama “%s”", self.hello.name)
        self._set_herd(_herd(snapshot))
        if snapshot.last_observation is not None:
            self._tell(snapshot.last_observation)

    async def _async_disconnected(self, error: LlamaError) -> None:
        await self.async_close()
        if isinstance(error, InvalidAuth):
            self.config_entry.async_start_reauth(self.hass)
        if self.last_update_success:
            LOGGER.warning("Lost the Llama “%s”; trying again: %s", self.hello.name, error)
            self.last_update_success = False
            self.async_update_listeners()
        self.last_exception = error

    @callback
    def _set_herd(self, herd: Herd) -> None:
        self._herd = herd
        self.async_set_updated_data(herd)

    @callback
    def _tell(self, observation: Observation) -> None:
        if not self._is_new(observation):
            return
        listener = self._listeners_of.get(observation.node_id)
        if listener is not None:
            listener(observation)
        else:
            held = self._held.setdefault(observation.node_id, deque(maxlen=HELD_OBSERVATIONS))
            held.append(observation)

    def _is_new(self, observation: Observation) -> bool:
        """Whether it is later in its node's log than all that was told; remembers it."""
        if observation.seq <= self._newest.get(observation.node_id, 0):
            return False
        self._newest[observation.node_id] = observation.seq
        return True


def _herd(snapshot: Snapshot) -> Herd:
    return Herd(today=snapshot.today, nodes={node.node_id: node for node in snapshot.nodes})
