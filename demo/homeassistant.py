"""A real Home Assistant. Owns its configuration folder before the first boot, and its process."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from demo.errors import DemoError
from demo.folder import ROOT, Folder
from demo.process import Process

HASS: Final = ROOT / ".venv-ha" / "bin" / "hass"
_INTEGRATION: Final = ROOT / "custom_components" / "herdbook"
# Home Assistant ends with this exit code when it wants to be started again.
_RESTART: Final = 100

# Not default_config: it looks for devices in the network, and a demo should leave that alone.
_CONFIGURATION: Final = """\
homeassistant:
  name: Herdbook demo
  unit_system: metric
  time_zone: {time_zone}
  country: NL
  internal_url: {url}
  external_url: {url}
frontend:
config:
history:
logbook:
recorder:
  commit_interval: 1
automation: !include automations.yaml
script: !include scripts.yaml
logger:
  default: warning
  logs:
    custom_components.herdbook: info
"""


class HomeAssistant:
    """Home Assistant on a port of its own, with this clone's integration linked in."""

    def __init__(self, folder: Folder, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder.part("homeassistant")
        if not HASS.exists():
            raise DemoError("Home Assistant is not installed.", fix="Run scripts/setup.")
        self.process = Process(
            "homeassistant",
            [HASS, "--config", self.config, "--log-no-color"],
            folder.log("homeassistant"),
            restart_on=frozenset({_RESTART}),
        )

    def prepare(self) -> None:
        """Write what must stand in the configuration folder before a boot."""
        storage = self.config / ".storage"
        storage.mkdir(mode=0o700, exist_ok=True)
        _write_missing(self.config / "automations.yaml", "[]\n")
        _write_missing(self.config / "scripts.yaml", "{}\n")
        (self.config / "configuration.yaml").write_text(
            _CONFIGURATION.format(url=self.url, time_zone=machine_zone())
        )
        # The HTTP server is set up here and not in YAML, which would be tried for five minutes and
        # then taken back.
        (storage / "http").write_text(json.dumps(_http_settings(self.port), indent=2))
        _write_missing(storage / "onboarding", json.dumps(_ONBOARDING, indent=2))
        self._link_integration()

    def _link_integration(self) -> None:
        folder = self.config / "custom_components"
        folder.mkdir(exist_ok=True)
        link = folder / "herdbook"
        if link.is_symlink():
            link.unlink()
        link.symlink_to(_INTEGRATION)

    def change_entry(self, domain: str, data: dict[str, Any]) -> None:
        """Correct the stored config entry of an integration while Home Assistant is stopped.

        A port that had to move must be right before the boot; no flow can be walked before it.
        """
        path = self.config / ".storage" / "core.config_entries"
        if not path.exists():
            return
        stored = json.loads(path.read_text())
        for entry in stored["data"]["entries"]:
            if entry["domain"] == domain:
                entry["data"].update(data)
        path.write_text(json.dumps(stored, indent=2))

    async def start(self) -> None:
        """Start it and wait until it serves pages."""
        self.prepare()
        await self.process.start()
        async with aiohttp.ClientSession(self.url) as session:
            await self.process.ready(lambda: _serves(session), seconds=240)

    async def stop(self) -> None:
        """End it cleanly: it writes what it holds."""
        await self.process.stop(grace=60)


def machine_zone() -> str:
    """The name of this machine's time zone, so that all its clocks on screen agree."""
    local = Path("/etc/localtime").resolve()
    zones = Path("/usr/share/zoneinfo")
    return str(local.relative_to(zones)) if local.is_relative_to(zones) else "UTC"


async def _serves(session: aiohttp.ClientSession) -> bool:
    # /api/onboarding is gone once onboarded; this file is always there.
    try:
        async with session.get("/manifest.json") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def _write_missing(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text)


def _http_settings(port: int) -> dict[str, Any]:
    return {
        "version": 2,
        "minor_version": 2,
        "key": "http",
        "data": {
            "stable": {
                "server_port": port,
                "server_host": ["127.0.0.1"],
                "cors_allowed_origins": [],
                "login_attempts_threshold": -1,
                "ip_ban_enabled": True,
                "ssl_profile": "modern",
                "use_x_frame_options": True,
                "created_at": datetime.now(UTC).isoformat(),
                "error": None,
                "error_message": None,
            },
            "pending": None,
            "yaml_migration_done": True,
        },
    }


# Leaves the user to be made. The other steps would look up the place, and add a weather service and
# the like, over the internet.
_ONBOARDING: Final = {
    "version": 4,
    "minor_version": 1,
    "key": "onboarding",
    "data": {"done": ["core_config", "analytics", "integration"]},
}
