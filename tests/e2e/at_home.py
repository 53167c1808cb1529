"""A node in a real home: a real mosquitto, a real Home Assistant and a real Alpaca.

Each is a process of its own, to be stopped, killed and started in any order. What Home Assistant
shows of the node is compared as a whole, so that what nobody asked for is seen, too.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiomqtt import Client

from demo import onboarding
from demo.discovery import announced, topic_of
from demo.errors import DemoError
from demo.folder import ROOT, Folder
from demo.hass_api import HassApi
from demo.homeassistant import HomeAssistant
from demo.ports import free_port
from demo.process import Process
from demo.waiting import until
from tests.mosquitto import Mosquitto

ALWAYS = {
    "waiting_to_sync": "unknown",  # no Llama has said yet what it has
    "observe": "unknown",  # never pressed
    "observation": None,  # disabled until somebody wants it
    "clock_quality": ("synced", "unconfirmed", "unset"),
    "log_share": "0",
    "update": "off",
}
PLUG = '[[output]]\nkind = "mqtt"\nid = "plug"\nname = "Plug"\ntopic = "plug/set"\n'
VALVE = (
    '[[output]]\nkind = "mqtt"\nid = "valve"\nname = "Valve"\ntopic = "valve/set"\n'
    "min = 5\nmax = 30\nstep = 0.5\nsafe = 5\n"
)


class Shown(NamedTuple):
    """What Home Assistant has of one component; the state of a disabled entity is None."""

    entity_id: str
    state: str | None


class Home:
    """The broker and Home Assistant, for as many nodes as a test module likes."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder.part("broker"), persistence=True)
        self.assistant = HomeAssistant(folder, free_port())
        self._hass: HassApi | None = None

    @property
    def hass(self) -> HassApi:
        assert self._hass is not None, "it was never started"
        return self._hass

    async def start(self) -> None:
        self.broker.start()
        await self.assistant.start()
        token = await onboarding.sign_in(self.folder, self.assistant.url)
        self._hass = HassApi(self.assistant.url, token)
        await self.is_up()
        await onboarding.add_mqtt(self.hass, self.broker.port)

    async def stop(self) -> None:
        if self._hass is not None:
            await self._hass.close()
        await self.assistant.process.kill()
        self.broker.kill()

    async def start_assistant(self) -> None:
        await self.assistant.start()
        await self.is_up()

    async def stop_assistant(self) -> None:
        await self.assistant.stop()

    async def is_up(self) -> None:
        await until(self.hass.reachable, "Home Assistant runs", seconds=120)

    def stop_broker(self, *, keeps: bool) -> None:
        """Stop it; whether it still has at its next start what was retained."""
        self.broker.stop()
        if not keeps:
            for left in self.broker.folder.glob("*.db"):
                left.unlink()

    async def shown(self, node_id: str) -> dict[str, Shown]:
        """All that Home Assistant has of a node, by the part of the unique id behind the node's."""
        registry = await self.hass.command("config/entity_registry/list")
        states = {one["entity_id"]: one["state"] for one in await self.hass.states()}
        start = f"herdbook_{node_id}_"
        return {
            one["unique_id"].removeprefix(start): Shown(
                one["entity_id"], states.get(one["entity_id"])
            )
            for one in registry
            if node_id in one["unique_id"]
        }

    async def devices(self, node_id: str) -> list[str]:
        """The names of the node's devices: there is one, or none."""
        return [
            one["name"]
            for one in await self.hass.command("config/device_registry/list")
            if any(node_id in identifier for _, identifier in one["identifiers"])
        ]

    async def history(self, entity_id: str, since: datetime) -> list[str]:
        """Every state that an entity had, in order, by Home Assistant's own recorder."""
        [states] = await self.hass.get(
            f"/api/history/period/{since.astimezone(UTC).isoformat().replace('+00:00', 'Z')}"
            f"?filter_entity_id={entity_id}&minimal_response&no_attributes"
        ) or [[]]
        return [one["state"] for one in states]

    async def retained(self, node_id: str) -> dict[str, Any]:
        """The node's discovery payload at the broker: its components."""
        found = (await announced(self.broker.port)).get(topic_of(node_id))
        return dict(found["cmps"]) if found else {}

    async def forget(self, node_id: str) -> None:
        """Take the node's device away, as the Llama does."""
        async with Client("127.0.0.1", self.broker.port) as client:
            await client.publish(topic_of(node_id), b"", retain=True)


class Node:
    """One Alpaca in a process of its own, with a file that it reads."""

    def __init__(self, home: Home, folder: Path) -> None:
        folder.mkdir()
        self.home = home
        self.file = folder / "boiler"
        self.config = folder / "alpaca.toml"
        self.node_id = ""
        self.process = Process(
            folder.name,
            (
                *(sys.executable, "-m", "herdbook.cli.main"),
                *("alpaca", "run", "--config", str(self.config)),
            ),
            folder / "log",
            environment={"PYTHONPATH": str(ROOT)},
        )
        self.reads(50)
        self.write()

    def reads(self, value: object) -> None:
        """What the sensor's file holds from now on."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{value}\n")
        new.replace(self.file)

    def write(
        self,
        name: str = "Hallway",
        *,
        language: str = "en",
        sensors: Sequence[str] = ("boiler",),
        outputs: Sequence[str] = (PLUG, VALVE),
    ) -> None:
        """The node's file, for its next start."""
        lines = [
            f"name = {json.dumps(name)}",
            f'language = "{language}"',
            'data = "node"',
            f"[broker]\nport = {self.home.broker.port}",
            *(
                f'[[sensor]]\nkind = "file"\nid = "{sensor}"\nname = "{sensor.title()}"\n'
                f'path = "{self.file}"\nunit = "°C"\ndevice_class = "temperature"\ninterval = 0.5'
                for sensor in sensors
            ),
            *outputs,
        ]
        self.config.write_text("\n".join(lines) + "\n")

    async def start(self) -> None:
        await self.process.start()
        self.node_id = (await self.process.said("Herdbook Alpaca ready:")).split()[-1]

    async def stop(self) -> None:
        await self.process.stop()

    async def kill(self) -> None:
        await self.process.kill()

    async def is_shown(
        self, expected: Mapping[str, str | tuple[str, ...] | None], seconds: float = 90
    ) -> dict[str, Shown]:
        """Wait until Home Assistant has exactly this of the node, in these states."""
        found: dict[str, Shown] = {}

        async def agrees() -> bool:
            nonlocal found
            try:
                found = await self.home.shown(self.node_id)
            except (DemoError, aiohttp.ClientError, TimeoutError):
                return False  # it is just being started
            return set(found) == set(expected) and all(
                found[name].state in (wanted if isinstance(wanted, tuple) else (wanted,))
                for name, wanted in expected.items()
            )

        try:
            await until(agrees, "it is shown as expected", seconds=seconds)
        except DemoError as error:
            raise AssertionError(
                f"Home Assistant shows {found}\nand not {dict(expected)}\n"
                f"{self.process.output()[-2000:]}"
            ) from error
        return found


def alive(**states: str) -> dict[str, str | tuple[str, ...] | None]:
    """What is to be shown of a node that runs: these states, and what every node has."""
    return {**ALWAYS, **states}


def dead(*names: str) -> dict[str, str | tuple[str, ...] | None]:
    """The same of one that does not."""
    states = dict.fromkeys({*ALWAYS, *names}, "unavailable")
    return {**states, "observation": None}


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
