"""What systemd hears, over a real datagram socket."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from herdbook.systemd import Supervisor


class Socket:
    """The end of systemd."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        heard = []
        with suppress(BlockingIOError):
            while True:
                heard.append(self._socket.recv(4096).decode())
        return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Socket]:
    end = Socket(str(tmp_path / "notify"))
    yield end
    end.close()


def test_it_hears_how_the_process_is(systemd: Socket, tmp_path: Path) -> None:
    supervisor = Supervisor.of({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    supervisor.starting(120)
    supervisor.ready()
    supervisor.alive()
    supervisor.status("All\nis well. READY=1")
    supervisor.status("All is well. READY=1")
    supervisor.status("x" * 9000)
    supervisor.stopping()
    assert systemd.heard() == [
        "EXTEND_TIMEOUT_USEC=120000000",
        "READY=1",
        "WATCHDOG=1",
        "STATUS=All is well. READY=1",
        f"STATUS={'x' * 400}",
        "STOPPING=1",
    ]


def test_an_address_may_be_none_of_the_file_system() -> None:
    name = f"herdbook-test-{os.getpid()}"
    end = Socket(f"\0{name}")
    Supervisor.of({"NOTIFY_SOCKET": f"@{name}"}).ready()
    assert end.heard() == ["READY=1"]
    end.close()


def test_without_systemd_nothing_happens() -> None:
    supervisor = Supervisor.of({})
    supervisor.ready()
    assert supervisor.watchdog_s is None


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_or_not(variables: dict[str, str], seconds: float | None) -> None:
    assert Supervisor.of(variables).watchdog_s == seconds


def test_who_is_not_heard_says_so_once_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    supervisor = Supervisor(str(tmp_path / "missing"))
    supervisor.alive()
    supervisor.alive()
    assert [record.getMessage() for record in caplog.records] == [
        "systemd does not hear how this is: No such file or directory."
    ]
