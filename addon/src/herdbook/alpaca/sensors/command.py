"""A number that a program prints. No shell, nothing of this program's environment, no way to hang.

A program that prints too much or takes too long is ended, with all that it started.
"""

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, Annotated, Final

from msgspec import Meta

from herdbook.alpaca.sensors.extraction import MAX_BYTES, Extraction
from herdbook.alpaca.sensors.plugin import Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor

_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_ENDING_S: Final = 1.0

type Argument = Annotated[str, Meta(max_length=4096, pattern=r"^[^\x00]*\Z")]


class CommandConfig(ValueSettings, frozen=True, kw_only=True, tag="command"):
    """`command` is the program and its arguments; `json` where in its JSON the number is."""

    command: Annotated[list[Argument], Meta(min_length=1, max_length=64)]
    json: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    timeout: Annotated[float, Meta(ge=0.1, le=30)] = 5.0


class CommandSensor(ValueSensor[CommandConfig]):
    """Runs the program at each reading, in `/`."""

    def __init__(self, settings: CommandConfig, _surroundings: Surroundings | None = None) -> None:
        super().__init__(settings)
        self.patience = settings.timeout + _ENDING_S
        self._extraction = Extraction(settings.json, words=settings.form == "binary")

    def value(self) -> float:
        """See `ValueSensor`."""
        return self._extraction.number(self._printed())

    def _printed(self) -> bytes:
        deadline = time.monotonic() + self.settings.timeout
        program = self.settings.command[0]
        try:
            process = subprocess.Popen(  # noqa: S603 - the owner of alpaca.toml says which
                self.settings.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise Unreadable(f"{program} cannot be run: {error.strerror}") from error
        with process:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            try:
                printed = _read(process.stdout, deadline)
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except (TimeoutError, subprocess.TimeoutExpired) as error:
                raise Unreadable(
                    f"{program} takes longer than {self.settings.timeout:g} s"
                ) from error
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if code:
            raise Unreadable(f"{program} ends with code {code}")
        return printed


def _read(pipe: IO[bytes], deadline: float) -> bytes:
    """What comes until the end. Raises `TimeoutError`, and `Unreadable` for too much."""
    printed = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(printed) <= MAX_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            piece = os.read(pipe.fileno(), MAX_BYTES)
            if not piece:
                return printed
            printed += piece
    raise Unreadable(f"it prints more than {MAX_BYTES:,} bytes")


PLUGIN = Plugin(CommandConfig, CommandSensor)
