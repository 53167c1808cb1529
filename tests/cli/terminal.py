"""A program on a terminal of 80 columns: what it shows, and what a person types."""

import contextlib
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_PATIENCE_S = 30.0
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Starts a program whose terminal this is; as a context, it is ended."""

    def __init__(self, command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environ,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def expect(self, words: str) -> str:
        """Wait until they are shown, after what was expected before; gives what came up to them."""
        deadline = time.monotonic() + _PATIENCE_S
        while words not in self.shown[self._seen :]:
            if time.monotonic() > deadline or not self._read(deadline):
                raise AssertionError(f"{words!r} is not in {self.shown[self._seen :]!r}")
        before = self._seen
        self._seen = self.shown.index(words, self._seen) + len(words)
        return self.shown[before : self._seen]

    def type(self, line: str) -> None:
        """Type a line, and Enter."""
        os.write(self._master, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C, once the program waits for somebody.

        Just before it does, Python would hear of it only after the next line that is typed.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not self._sleeps() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.write(self._master, b"\x03")

    def end(self) -> int:
        """Wait for the end; gives the exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._read(deadline):
            pass
        return self.process.wait(_PATIENCE_S)

    @property
    def widest(self) -> int:
        """Columns of its longest line."""
        return max(len(line) for line in self.shown.replace("\r", "").split("\n"))

    def _sleeps(self) -> bool:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] == "S"

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            piece = os.read(self._master, 4096)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.shown += _CONTROLS.sub("", piece.decode(errors="replace"))
        return bool(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(_PATIENCE_S)
        os.close(self._master)
