"""A number that a program prints. No shell, nothing of this program's environment, no way to hang.

A program that prints too much or takes too long is ended, with all that it started.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import Annotated, Final

from msgspec import Meta

from herdbook.alpaca.sensors.extraction import MAX_BYTES, Extraction
from herdbook.alpaca.sensors.plugin import Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor

_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_ENDING_S: Final = 1.0
_LOOK_S: Final = 0.05
_MOST_SAID: Final = 4096  # bytes of standard error
_LONGEST_LINE: Final = 200
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

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
        """See `ValueSensor`. What the program complains of is told with why there is no value."""
        output = _Output()
        try:
            self._run(output)
            return self._extraction.number(output.printed)
        except Unreadable as error:
            if words := output.last_words():
                raise Unreadable("{why}: {words}", why=error.phrase, words=words) from error
            raise

    def _run(self, output: "_Output") -> None:
        deadline = time.monotonic() + self.settings.timeout
        program = self.settings.command[0]
        try:
            process = subprocess.Popen(  # noqa: S603 - the owner of alpaca.toml says which
                self.settings.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise Unreadable(
                "{program} cannot be run: {error}", program=program, error=str(error.strerror)
            ) from error
        with process:
            try:
                output.read(process, deadline)
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except (TimeoutError, subprocess.TimeoutExpired) as error:
                raise Unreadable(
                    "{program} takes longer than {seconds} s",
                    program=program,
                    seconds=self.settings.timeout,
                ) from error
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if code:
            raise Unreadable("{program} ends with code {code}", program=program, code=code)


class _Output:
    """What a program prints, and the end of what it says on standard error."""

    def __init__(self) -> None:
        self.printed = b""
        self._said = b""

    def read(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        """Until it prints no more. Raises `TimeoutError`, and `Unreadable` for too much."""
        assert process.stdout is not None  # noqa: S101 - both were asked for
        assert process.stderr is not None  # noqa: S101
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stderr, selectors.EVENT_READ)
            while open_ := selector.get_map():
                is_printing = process.stdout in {key.fileobj for key in open_.values()}
                # Something else that it started may keep its standard error open.
                has_ended = not is_printing and process.poll() is not None
                left = max(0.0, deadline - time.monotonic())
                patience = 0.0 if has_ended else left if is_printing else min(left, _LOOK_S)
                ready = selector.select(patience)
                if not ready and has_ended:
                    return
                if time.monotonic() >= deadline:
                    raise TimeoutError
                for key, _ in ready:
                    piece = os.read(key.fd, MAX_BYTES)
                    if not piece:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is process.stderr:
                        self._said = (self._said + piece)[-_MOST_SAID:]
                    else:
                        self.printed += piece
                if len(self.printed) > MAX_BYTES:
                    raise Unreadable("it prints more than {most} bytes", most=MAX_BYTES)

    def last_words(self) -> str:
        """The last line that it said on standard error, without what no one can see."""
        text = _COLOUR.sub("", self._said.decode("utf-8", "replace"))
        seen = ("".join(one if one.isprintable() else " " for one in line) for line in _lines(text))
        lines = [" ".join(line.split()) for line in seen]
        return next(filter(None, reversed(lines)), "")[:_LONGEST_LINE].rstrip(" .")


def _lines(text: str) -> list[str]:
    return text.replace("\r", "\n").split("\n")


PLUGIN = Plugin(CommandConfig, CommandSensor)
