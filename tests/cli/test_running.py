"""How a process that runs until it is stopped ends."""

import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_PROGRAM = """
import asyncio
from herdbook.cli.running import until_stopped

async def work():
    try:
        print("runs", flush=True)
        await asyncio.Event().wait()
    finally:
        print("stops", flush=True)
        await asyncio.to_thread(input)
        print("safe", flush=True)

raise SystemExit(until_stopped(work()))
"""


@contextmanager
def running(*by: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*by, sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert line(process) == "runs"
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 20)[0], "it says nothing"
    return process.stdout.readline().strip()


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_asks_again_cuts_no_stop_short(asked: signal.Signals) -> None:
    # Whatever these tests were started by: “nohup” lets nobody hear of SIGHUP.
    with running("env", "--default-signal=HUP") as process:
        process.send_signal(asked)
        assert line(process) == "stops"
        for again in (signal.SIGTERM, signal.SIGINT, asked):
            process.send_signal(again)
        out, _ = process.communicate("\n", timeout=20)
        assert (process.returncode, out) == (0, "safe\n")


def test_it_outlives_its_terminal_where_that_was_wanted() -> None:
    with running("env", "--ignore-signal=HUP") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert line(process) == "stops"
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate("\n", timeout=20)
        assert (process.returncode, out) == (0, "safe\n")
