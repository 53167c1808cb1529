"""The one folder that holds a demo's state.

Owns its layout, its lock (one demo a folder) and what is remembered between two starts: ports and
the demo's own sign-in. Nothing is kept anywhere else.
"""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Self

from demo.errors import DemoError

ROOT = Path(__file__).resolve().parent.parent


class Folder:
    """A demo's state folder; a context manager that holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = -1
        self._remembered: dict[str, str | int] = {}

    def __enter__(self) -> Self:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.part("logs")
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise DemoError(
                f"A demo is running already in {self.path}.",
                fix="Stop it with Ctrl-C, or give this one a folder of its own: --state FOLDER.",
            ) from None
        if self._memory.exists():
            self._remembered = json.loads(self._memory.read_text())
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    @property
    def _memory(self) -> Path:
        return self.path / "remembered.json"

    def part(self, name: str) -> Path:
        """The folder of one part of the product, made when missing."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self.path / "logs" / f"{name}.log"

    def recall(self, name: str) -> str | int | None:
        """What was remembered under a name, or None."""
        return self._remembered.get(name)

    def remember(self, name: str, value: str | int) -> None:
        """Keep a value for the next start."""
        if self._remembered.get(name) == value:
            return
        self._remembered[name] = value
        temporary = self._memory.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(self._remembered, indent=2) + "\n")
        temporary.replace(self._memory)

    def secret(self, name: str) -> str:
        """A remembered secret, made up at the first call."""
        value = self.recall(name)
        if not isinstance(value, str):
            value = secrets.token_urlsafe(9)
            self.remember(name, value)
        return value
