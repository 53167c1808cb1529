"""A real mosquitto for one test: its own folder and a free port, stopped and started at will.

As a fixture:

    @pytest.fixture
    def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
        with Mosquitto(tmp_path / "mosquitto") as broker:
            yield broker
"""

import contextlib
import getpass
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

_PROGRAM = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
_PATIENCE_S = 10.0


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker process. It keeps its port over restarts; `start` returns once it answers."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, *, persistence: bool = False, extra: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self._persistence = persistence
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the broker; another port only if somebody took the first one meanwhile."""
        assert self._process is None, "it runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            self._launch()
            if self._answers():
                return self
            self.kill()
            self.port = free_port()
        raise AssertionError(f"mosquitto does not start: {self.log()}")

    def stop(self) -> None:
        """Stop it in an orderly way: persistence, if on, is written."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE_S)
            self._process = None

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE_S)
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What it wrote so far."""
        path = self.folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _launch(self) -> None:
        lines = [
            f"listener {self.port} {self.host}",
            # Started as root it would become another user, who cannot enter this folder.
            f"user {getpass.getuser()}",
            "allow_anonymous true",
            "set_tcp_nodelay true",
            f"persistence {'true' if self._persistence else 'false'}",
            f"persistence_location {self.folder}/",
            self._extra,
        ]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_PROGRAM, "-c", str(config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _answers(self) -> bool:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
                return process.poll() is None
            time.sleep(0.01)
        return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
