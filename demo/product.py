"""The whole product, running. Owns the order of starting, connecting and ending its parts."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final, Self

import aiohttp

from demo import dashboard, onboarding
from demo.broker import Broker
from demo.discovery import announced, topic_of
from demo.folder import Folder
from demo.hass_api import HassApi
from demo.herd_device import HerdDevice, find_device
from demo.herdbook import Alpaca, Llama
from demo.homeassistant import HomeAssistant
from demo.llama_api import approve
from demo.narrator import Narrator
from demo.ports import port_for
from demo.process import Process
from demo.waiting import together, until

_LISTENERS: Final = ("broker", "panel", "api", "page", "hass")


class Product:
    """Broker, Llama, Alpaca and Home Assistant over one locked state folder.

    A context manager: starts everything, connects it, and ends it. Raises `DemoError` when a part
    does not start or cannot be connected.
    """

    token: str
    hass: HassApi
    device: HerdDevice

    def __init__(self, folder: Folder, narrator: Narrator, *, more_sensors: str = "") -> None:
        self.folder = folder
        self.narrator = narrator
        self.started_in_s = 0.0
        self._stack = AsyncExitStack()
        self._death: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        ports = {name: self._port(name) for name in _LISTENERS}
        self.broker = Broker(folder, ports["broker"])
        self.llama = Llama(
            folder, broker_port=ports["broker"], panel_port=ports["panel"], api_port=ports["api"]
        )
        self.alpaca = Alpaca(
            folder,
            broker_port=ports["broker"],
            page_port=ports["page"],
            more_sensors=more_sensors,
        )
        self.home = HomeAssistant(folder, ports["hass"])
        self.home.change_entry("mqtt", {"port": ports["broker"]})
        self.home.change_entry("herdbook", {"url": self.llama.api_url})

    def _port(self, name: str) -> int:
        port, moved_from = port_for(self.folder, name)
        if moved_from is not None:
            self.narrator.say(
                f"Port {moved_from} ({name}) is taken by another program now: using {port}."
            )
        return port

    async def __aenter__(self) -> Self:
        start = time.monotonic()
        for part in (self.broker, self.llama, self.alpaca, self.home):
            part.process.on_death = self._died
            self._stack.push_async_callback(part.stop)
        try:
            await self._start()
            await self._connect()
        except BaseException:
            await self.stop()
            raise
        self.started_in_s = time.monotonic() - start
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End every part cleanly, the last started first. Safe to repeat."""
        self.narrator.title("Ending")
        with self.narrator.step("everything has ended"):
            await self._stack.aclose()

    def _died(self, process: Process) -> None:
        if not self._death.done():
            self._death.set_result(process)

    async def failed(self) -> None:
        """Never returns; raises `DemoError` when a process has ended that should not have."""
        process = await asyncio.shield(self._death)
        raise process.failure()

    async def _start(self) -> None:
        self.narrator.title(f"Starting; state and logs are in {self.folder.path}")
        await self._timed("broker (mosquitto)", self.broker.start())
        await together(
            self._timed("Llama", self.llama.start()),
            self._timed("Alpaca", self.alpaca.start()),
            self._timed("Home Assistant", self.home.start()),
        )

    async def _connect(self) -> None:
        self.narrator.title("Connecting")
        with self.narrator.step("signed in to Home Assistant"):
            self.token = await onboarding.sign_in(self.folder, self.home.url)
            self.hass = await self._stack.enter_async_context(HassApi(self.home.url, self.token))
        mqtt = onboarding.add_mqtt(self.hass, self.broker.port)
        herdbook = onboarding.add_herdbook(self.hass, self.llama.api_url, self.llama.token)
        await together(
            self._timed("Home Assistant uses the broker", mqtt),
            self._timed("Home Assistant knows the Llama", herdbook),
            self._timed("the Llama has approved the Alpaca", self._approve()),
        )
        await self._timed("everything is usable", self.usable())
        await dashboard.save(self.hass, self.device)

    async def _timed(self, text: str, job: Awaitable[None]) -> None:
        with self.narrator.step(text):
            await job

    async def _approve(self) -> None:
        # A person would compare fingerprints; this node id was read from the demo's own Alpaca.
        await until(
            lambda: approve(self.llama.api_url, self.llama.token, self.alpaca.node_id),
            "the Alpaca has said hello to the Llama",
            seconds=30,
            fix=f"See {self.alpaca.process.log} and {self.llama.process.log}.",
        )

    async def usable(self) -> None:
        """Wait until a person could use it: pages answer, and a fresh reading has arrived."""
        see = f"See {self.home.process.log}."
        await until(self.hass.reachable, "Home Assistant runs", seconds=120, fix=see)
        for domain in ("mqtt", "herdbook"):
            loaded = partial(onboarding.loaded, self.hass, domain)
            await until(loaded, f"Home Assistant has loaded {domain}", seconds=60, fix=see)
        parts = await until(
            self._announced_parts, "the Alpaca has announced itself to the broker", seconds=60
        )
        await until(
            lambda: self._device_complete(parts),
            "the Alpaca's device is in Home Assistant, with all it announces",
            seconds=60,
        )
        await until(
            self.has_fresh_reading, "a fresh reading is in Home Assistant", seconds=60, fix=see
        )
        await until(self._panel_answers, "the panel answers", seconds=10)

    async def _announced_parts(self) -> frozenset[str]:
        found = (await announced(self.broker.port)).get(topic_of(self.alpaca.node_id))
        return (
            frozenset(part["uniq_id"] for part in found["cmps"].values()) if found else frozenset()
        )

    async def _device_complete(self, parts: frozenset[str]) -> bool:
        # Home Assistant adds the parts of one payload one by one.
        device = await find_device(self.hass, self.alpaca.node_id)
        if device is None or not parts <= device.unique_ids:
            return False
        self.device = device
        return True

    async def has_fresh_reading(self) -> bool:
        """Whether Home Assistant shows the boiler as it is now, and hears observations."""
        boiler = await self.hass.state(self.device.ending("_boiler"))
        noticed = await self.hass.state(self.device.of("event")[0])
        return (
            boiler is not None
            and boiler["state"] == f"{self.alpaca.celsius:.1f}"
            and noticed is not None
            and noticed["state"] != "unavailable"
        )

    async def _panel_answers(self) -> bool:
        async with aiohttp.ClientSession() as session, session.get(self.llama.panel_url) as page:
            return page.status == 200
