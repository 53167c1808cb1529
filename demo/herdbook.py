"""The package's two long-running commands, `herdbook llama run` and `herdbook alpaca run`.

Owns their configuration files, processes and what they print when ready.
"""

import asyncio
import json
import random
import subprocess
from pathlib import Path
from typing import Final

from demo.folder import ROOT, Folder
from demo.process import Process

COMMAND: Final = ROOT / ".venv" / "bin" / "herdbook"

# `file` sensors let a check write a value and follow it through the whole product.
_SENSORS: Final = """
[[sensor]]
kind = "system"
interval = 10

[[sensor]]
kind = "room"
name = "Living room"
seed = 7
speed = 60
incident_after = 40
interval = 2

[[sensor]]
kind = "file"
id = "boiler"
name = "Boiler"
path = {boiler}
unit = "°C"
device_class = "temperature"
interval = {interval}
usual = [20, 90]
quiet = 0
"""


SAMPLE_S: Final = 0.5
"""Seconds from one reading of the boiler to the next."""


class Llama:
    """One Llama with its panel and API on ports of their own."""

    def __init__(
        self,
        folder: Folder,
        *,
        broker_port: int,
        panel_port: int,
        api_port: int,
        model: Path | None = None,
    ) -> None:
        """Search is by meaning, too, with the `model` in a folder."""
        self.panel_url = f"http://127.0.0.1:{panel_port}/"
        self.api_url = f"http://127.0.0.1:{api_port}"
        home = folder.part("llama")
        self.data = home / "data"
        self.config = home / "llama.toml"
        self.config.write_text(
            f"data = {_toml(self.data)}\n"
            'name = "Llama"\n'
            f"[panel]\nport = {panel_port}\n"
            f"[api]\nport = {api_port}\n"
            + (f"[search]\nmodel = {_toml(model)}\n" if model else "")
            + _broker(broker_port)
        )
        self.process = Process(
            "llama", [COMMAND, "llama", "run", "--config", self.config], folder.log("llama")
        )

    @property
    def token(self) -> str:
        """What a client of the API needs; there once the Llama has started."""
        return (self.data / "api_token").read_text().strip()

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        await self.process.start()
        await self.process.said("Herdbook Llama ready:")

    async def stop(self) -> None:
        """End it cleanly."""
        await self.process.stop()


class Alpaca:
    """One node that reads this machine, a simulated room, and a file that stands for a boiler."""

    def __init__(
        self,
        folder: Folder,
        *,
        broker_port: int,
        page_port: int | None = None,
        more_sensors: str = "",
    ) -> None:
        """It shows a page of its own where that has a port."""
        home = folder.part("alpaca")
        self.data = home / "data"
        self.config = home / "alpaca.toml"
        self.boiler = home / "boiler"
        # Another value at each start shows that Home Assistant hears this run, not the last one.
        self.celsius = round(random.uniform(45, 65), 1)
        self.heat_boiler(self.celsius)
        self.config.write_text(
            f'name = "Hallway"\ndata = {_toml(self.data)}\n'
            + _broker(broker_port)
            + (f"[page]\nport = {page_port}\nwrite = true\n" if page_port else "")
            + _SENSORS.format(boiler=_toml(self.boiler), interval=SAMPLE_S)
            + more_sensors
        )
        self.node_id = ""
        self.process = Process(
            "alpaca", [COMMAND, "alpaca", "run", "--config", self.config], folder.log("alpaca")
        )

    def heat_boiler(self, celsius: float) -> None:
        """Let the boiler's sensor read another temperature from now on."""
        self.celsius = celsius
        replacement = self.boiler.with_suffix(".new")
        replacement.write_text(f"{celsius}\n")
        replacement.replace(self.boiler)

    async def start(self) -> None:
        """Start it and wait until it says that it is ready; then `node_id` is known."""
        await self.process.start()
        line = await self.process.said("Herdbook Alpaca ready:")
        self.node_id = line.rpartition(":")[2].strip()

    async def page(self) -> tuple[str, str]:
        """The address of its page, and the token that opens it."""
        told = await asyncio.create_subprocess_exec(
            COMMAND, "alpaca", "page", "--config", self.config, "--json", stdout=subprocess.PIPE
        )
        out, _ = await told.communicate()
        page = json.loads(out)
        return page["address"], page["token"]

    async def stop(self) -> None:
        """End it cleanly."""
        await self.process.stop()


def _broker(port: int) -> str:
    return f'[broker]\nhost = "127.0.0.1"\nport = {port}\n'


def _toml(value: Path) -> str:
    # A JSON string is a valid TOML basic string.
    return json.dumps(str(value), ensure_ascii=False)
