"""How a demo ends, and that nothing of it stays behind, however it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from demo.folder import ROOT
from demo.waiting import until

pytestmark = pytest.mark.xdist_group("endings")

_READY = b"Ctrl-C ends everything."


@asynccontextmanager
async def running_demo(state: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`scripts/demo` in a process of its own, without the setup before it."""
    demo = await asyncio.create_subprocess_exec(
        *(ROOT / ".venv/bin/python", "-m", "demo", "--state", state),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert demo.stdout is not None
    try:
        said = await asyncio.wait_for(demo.stdout.readuntil(_READY), 120)
        assert b"sign in as" in said
        yield demo
    finally:
        if demo.returncode is None:
            demo.terminate()
        await demo.communicate()


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or waits only for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_interrupt_ends_everything_and_a_second_demo_is_refused(tmp_path: Path) -> None:
    async with running_demo(tmp_path / "state") as demo:
        started = children(demo.pid)
        assert len(started) == 4
        second = await asyncio.create_subprocess_exec(
            *(ROOT / ".venv/bin/python", "-m", "demo", "--state", tmp_path / "state"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        words, _ = await second.communicate()
        assert second.returncode == 1
        assert b"is running already" in words
        assert b"Stop it with Ctrl-C" in words
        demo.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(demo.wait(), 60) == 0
        assert all(is_gone(pid) for pid in started)


async def test_kill_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running_demo(tmp_path / "state") as demo:
        started = children(demo.pid)
        os.kill(demo.pid, signal.SIGKILL)
        await demo.wait()

        async def all_gone() -> bool:
            return all(is_gone(pid) for pid in started)

        assert await until(all_gone, "every child has ended", seconds=60)
