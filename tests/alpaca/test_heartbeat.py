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
from typing import Self

import pytest

from herdbook.alpaca.heartbeat import beat
from herdbook.alpaca.mount import missing_mount, mounted
from herdbook.systemd import Supervisor
from tests.certificates import Authority
from tests.fakes.clock import ManualClock
from tests.mosquitto import Mosquitto, free_port


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


class Process:
    """A node that systemd started, in the words that systemd hears."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify"))
        self._systemd.settimeout(30)
        self.heard: list[str] = []
        settings = {
            "HERDBOOK_NAME": "Hallway",
            "HERDBOOK_DATA": str(folder / "data"),
            "HERDBOOK_SENSOR_0_KIND": "system",
        }
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "400000"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "herdbook.cli.main", "alpaca", "run"],
            env=settings | told | environ,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self, words: str) -> None:
        """Wait until systemd has heard it."""
        while not any(words in line for line in self.heard):
            self.heard.append(self._systemd.recv(4096).decode())

    def stop(self) -> str:
        """Stop it cleanly; gives its log."""
        self._process.send_signal(signal.SIGTERM)
        self.hear("STOPPING=1")
        _, log = self._process.communicate(timeout=20)
        assert self._process.returncode == 0, log
        return log

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._systemd.close()


def test_a_process_says_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with Process(tmp_path, HERDBOOK_BROKER_PORT=str(free_port())) as node:
        node.hear("STATUS=Reading 1 sensor. No MQTT broker at")
        assert node.heard[0] == "READY=1"
        node.heard.clear()
        node.hear("WATCHDOG=1")
        node.stop()


def test_with_nothing_up_it_runs_and_says_so(tmp_path: Path) -> None:
    """No broker, no network to speak of, no such name."""
    with Process(tmp_path, HERDBOOK_BROKER_HOST="nobody.invalid") as node:
        node.hear("STATUS=Reading 1 sensor. No MQTT broker at nobody.invalid:1883")
        assert "Traceback" not in node.stop()


def test_an_expired_certificate_is_said_in_the_log_and_to_systemd(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue("broker", begins_days=-30, ends_days=-1)
    extra = f"certfile {certificate}\nkeyfile {key}"
    with Mosquitto(tmp_path / "mosquitto", extra=extra) as server:
        broker = {"HERDBOOK_BROKER_PORT": str(server.port), "HERDBOOK_BROKER_TLS": "true"}
        with Process(tmp_path, **broker, HERDBOOK_BROKER_CA=str(authority.ca)) as node:
            node.hear("its certificate has expired. Renew it there.")
            log = node.stop()
    assert log.count("its certificate has expired") == 1


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
