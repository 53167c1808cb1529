"""A node is alive while it samples, and a process that systemd started says so."""

import asyncio
import contextlib
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdbook.alpaca.heartbeat import beat
from herdbook.alpaca.mount import missing_mount, mounted
from herdbook.systemd import Supervisor
from tests.fakes.clock import ManualClock
from tests.mosquitto import free_port


class Heard(Supervisor):
    """Keeps what it is told."""

    def __init__(self, watchdog_s: float) -> None:
        super().__init__(watchdog_s=watchdog_s)
        self.told: list[str] = []

    def _send(self, message: str) -> None:
        self.told.append(message)


class Turner:
    interval = 30.0

    def __init__(self) -> None:
        self.turned_ms = 1_000


async def told(supervisor: Heard, count: int) -> list[str]:
    async with asyncio.timeout(10):
        while len(supervisor.told) < count:
            await asyncio.sleep(0.005)
    some, supervisor.told = supervisor.told, []
    return some


async def test_it_beats_only_while_every_sampler_turns() -> None:
    clock, supervisor = ManualClock(), Heard(watchdog_s=0.04)
    samplers = [Turner(), Turner()]
    trouble: list[str | None] = [None]
    task = asyncio.create_task(beat(supervisor, samplers, clock, lambda: trouble[0]))
    assert (await told(supervisor, 3))[:3] == [
        "WATCHDOG=1",
        "STATUS=Reading 2 sensors.",
        "WATCHDOG=1",
    ]
    trouble[0] = "No MQTT broker."
    clock.advance(89_000)
    while "STATUS=Reading 2 sensors. No MQTT broker." not in supervisor.told:
        await asyncio.sleep(0.005)
    clock.advance(2_000)
    samplers[0].turned_ms = clock.monotonic
    while "STATUS=1 of 2 sensors hang." not in supervisor.told:
        await asyncio.sleep(0.005)
    supervisor.told.clear()
    await asyncio.sleep(0.1)
    assert supervisor.told == [], "silence, until the watchdog bites"
    samplers[1].turned_ms = clock.monotonic
    assert "WATCHDOG=1" in await told(supervisor, 1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert supervisor.told[-1] == "STOPPING=1"


def test_a_process_says_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    config = tmp_path / "alpaca.toml"
    config.write_text(
        f'name = "Hallway"\ndata = "alpaca"\n[broker]\nport = {free_port()}\n'
        '[[sensor]]\nkind = "system"\n'
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config)],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            heard = [systemd.recv(4096).decode()]
            while heard.count("WATCHDOG=1") < 3 or not any("nobody listens" in it for it in heard):
                heard.append(systemd.recv(4096).decode())
            process.send_signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(systemd.recv(4096).decode())
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.communicate()
    assert heard[0] == "READY=1"
    assert any(line.startswith("STATUS=Reading 1 sensor. No MQTT broker at") for line in heard)


def test_only_a_disk_that_is_promised_and_missing_is_waited_for(tmp_path: Path) -> None:
    fstab, disk = tmp_path / "fstab", tmp_path / "the disk"
    disk.mkdir()
    there = str(disk).replace(" ", "\\040")
    fstab.write_text(
        "# a disk\n\nproc /proc proc defaults 0 0\n/dev/mmcblk0p2 / ext4 defaults 0 1\n"
        f"UUID=1 {there} ext4 nofail 0 2\n/dev/sda2 none swap sw 0 0\nbroken line\n"
    )
    assert missing_mount(disk / "herdbook", fstab) == disk
    assert missing_mount(tmp_path / "elsewhere", fstab) is None
    assert missing_mount(Path("/proc/herdbook"), fstab) is None
    assert missing_mount(disk, tmp_path / "no fstab") is None


async def test_it_waits_until_the_disk_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fstab = tmp_path / "fstab"
    fstab.write_text(f"UUID=1 {tmp_path}/disk ext4 nofail 0 2\n")
    supervisor = Heard(watchdog_s=1)
    folder = tmp_path / "disk" / "herdbook"
    waiting = asyncio.create_task(mounted(folder, supervisor, random.Random(1), fstab=fstab))
    assert "is not mounted yet" in (await told(supervisor, 2))[0]
    await told(supervisor, 1)
    fstab.write_text("")  # as good as mounting it, which not every machine lets a test do
    started = time.monotonic()
    await asyncio.wait_for(waiting, 20)
    assert time.monotonic() - started < 20
    assert not folder.parent.exists(), "nothing was made in its place"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
