"""A supervised child process.

Owns start, readiness, end and log of one program. No child outlives the demo: it leads a process
group that is ended on stop, and the kernel ends it when the demo itself dies (`setpriv
--pdeathsig`), even by `kill -9`.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from demo.errors import DemoError
from demo.waiting import until

_TAIL_LINES = 15


class Process:
    """One program with a log file; started again by itself after an exit code in `restart_on`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        restart_on: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._restart_on = restart_on
        self._child: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._log_start = 0
        self.returncode: int | None = None
        self.on_death: Callable[[Process], None] = lambda _: None
        """Called when the program ended without being told to."""

    @property
    def pid(self) -> int:
        """The process id of the running child."""
        if self._child is None:
            raise DemoError(f"{self.name} is not running.")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child lives, or is being started again."""
        return self._watcher is not None and not self._watcher.done()

    async def start(self) -> None:
        """Start the program; `ready` tells when it is of use."""
        self.returncode = None
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        await self._spawn()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "TERM", "--", *self._command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )

    async def _watch(self) -> None:
        while True:
            child = self._child
            if child is None:
                return
            code = await child.wait()
            if code not in self._restart_on:
                self.returncode = code
                self.on_death(self)
                return
            await self._spawn()

    async def ready(self, condition: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
        """Wait for `condition`; raises `DemoError` with the log's last lines when it fails."""

        async def ready_or_dead() -> bool:
            if not self.running:
                raise self.failure()
            return await condition()

        await until(ready_or_dead, f"{self.name} is ready", seconds=seconds, fix=f"See {self.log}.")

    async def said(self, start: str, *, seconds: float = 30) -> str:
        """Wait for a line of this run's output that begins with `start`; returns the line."""

        async def has_said() -> bool:
            return bool(self._lines(start))

        await self.ready(has_said, seconds=seconds)
        return self._lines(start)[0]

    def _lines(self, start: str) -> list[str]:
        return [line for line in self.output().splitlines() if line.startswith(start)]

    def output(self) -> str:
        """What the program printed and logged since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def failure(self) -> DemoError:
        """An error that says how the program ended, with the end of its log."""
        tail = "\n".join(f"    {line}" for line in self.output().splitlines()[-_TAIL_LINES:])
        code = self.returncode or 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended by itself, exit code {code}"
        return DemoError(
            f"{self.name} {how}, so everything was stopped. Its last words:\n{tail}\n",
            fix=f"Start again; what was kept is still there. The whole log is {self.log}.",
        )

    async def stop(self, *, grace: float = 20) -> None:
        """End the program cleanly; after `grace` seconds, by force. No error when it has ended."""
        await self._end(signal.SIGTERM, grace)

    async def kill(self) -> None:
        """End the program as a power cut would."""
        await self._end(signal.SIGKILL, 5)

    async def _end(self, how: signal.Signals, grace: float) -> None:
        child, watcher = self._child, self._watcher
        if child is None or watcher is None:
            return
        self._watcher = None
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        if child.returncode is None:
            child.send_signal(how)
            try:
                await asyncio.wait_for(child.wait(), grace)
            except TimeoutError:
                child.kill()
                await child.wait()
        with contextlib.suppress(
            ProcessLookupError
        ):  # nobody of its group is left: as it should be
            os.killpg(child.pid, signal.SIGKILL)
        self.returncode = child.returncode
        self._child = None
