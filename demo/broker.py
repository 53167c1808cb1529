"""A private MQTT broker: mosquitto on a port of its own."""

import shutil

from demo.errors import DemoError
from demo.folder import Folder
from demo.ports import answers
from demo.process import Process


class Broker:
    """mosquitto, listening on loopback only, keeping retained messages over restarts."""

    def __init__(self, folder: Folder, port: int) -> None:
        self.port = port
        home = folder.part("broker")
        settings = home / "mosquitto.conf"
        settings.write_text(
            f"listener {port} 127.0.0.1\n"
            "allow_anonymous true\n"
            "set_tcp_nodelay true\n"
            "persistence true\n"
            f"persistence_location {home}/\n"
            "autosave_interval 30\n"
            # mosquitto would otherwise change to a user who cannot enter this folder.
            "user root\n"
        )
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if program is None:
            raise DemoError("mosquitto is not installed.", fix="Run scripts/setup.")
        self.process = Process("broker", [program, "-c", settings], folder.log("broker"))

    async def start(self) -> None:
        """Start it and wait until it answers."""
        await self.process.start()
        await self.process.ready(lambda: answers(self.port), seconds=15)

    async def stop(self) -> None:
        """End it cleanly."""
        await self.process.stop()

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self.process.kill()
