"""Why a broker is not reached: with a real mosquitto, its TLS and its passwords."""

import asyncio
import contextlib
import errno
import logging
import random
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herdbook.broker import Broker, BrokerSettings, reach
from herdbook.errors import BrokerUnavailable, ConfigError
from herdbook.unreachable import reason_of, retry_delays
from tests.certificates import Authority
from tests.mosquitto import Mosquitto, free_port


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def with_tls(folder: Path, certificate: tuple[Path, Path]) -> Mosquitto:
    lines = f"certfile {certificate[0]}\nkeyfile {certificate[1]}\n"
    return Mosquitto(folder / "mosquitto", extra=lines)


async def refused(server: Mosquitto, **settings: object) -> str:
    given = {"host": server.host, "port": server.port, **settings}
    with pytest.raises(BrokerUnavailable) as caught:
        await reach(BrokerSettings(**given), "test")  # type: ignore[arg-type]
    assert caught.value.fix
    return str(caught.value)


async def test_the_right_authority_lets_it_in(tmp_path: Path, authority: Authority) -> None:
    with with_tls(tmp_path, authority.issue("broker")) as server:
        settings = BrokerSettings(server.host, server.port, tls=True, ca=str(authority.ca))
        await reach(settings, "test")


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"ends_days": -0.01, "begins_days": -30}, "its certificate has expired. Renew it"),
        ({"begins_days": 1}, "not valid yet. This machine's clock is probably wrong"),
        ({"by_itself": True}, "signed by itself, and not known here. Copy that certificate"),
        ({"address": None}, "its certificate is for another name. Write the name"),
    ],
)
async def test_a_certificate_that_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, authority: Authority, certificate: dict[str, object], words: str
) -> None:
    issued = authority.issue("broker", **certificate)  # type: ignore[arg-type]
    with with_tls(tmp_path, issued) as server:
        assert words in await refused(server, tls=True, ca=str(authority.ca))


async def test_the_wrong_authority_is_said(tmp_path: Path, authority: Authority) -> None:
    other = Authority(tmp_path / "other", "another house")
    with with_tls(tmp_path, authority.issue("broker")) as server:
        words = "of an authority that is not known here. Name the file"
        assert words in await refused(server, tls=True, ca=str(other.ca))
        assert words in await refused(server, tls=True)


async def test_tls_where_there_is_none_is_said(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as server:
        assert "speaks no TLS. Correct the port" in await refused(server, tls=True)


async def test_no_tls_where_there_is_some_is_said(tmp_path: Path, authority: Authority) -> None:
    with with_tls(tmp_path, authority.issue("broker")) as server:
        assert "“tls = true”" in await refused(server)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    passwords = tmp_path / "passwords"
    program = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run([program, "-b", "-c", passwords, "alpaca", "right"], check=True)
    extra = f"allow_anonymous false\npassword_file {passwords}"
    with Mosquitto(tmp_path / "mosquitto", extra=extra) as server:
        yield server


async def test_a_wrong_password_is_said(guarded: Mosquitto) -> None:
    await reach(BrokerSettings(guarded.host, guarded.port, "alpaca", "right"), "test")
    wrong = await refused(guarded, username="alpaca", password="wrong")
    assert "it refuses this user name or password. Correct" in wrong
    assert "without a user name and password. Give" in await refused(guarded)


async def test_a_reason_is_said_once_and_kept_to_be_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """First nobody is there, then somebody who refuses, then all is well."""

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    caplog.set_level(logging.INFO, "herdbook.broker")
    server = Mosquitto(tmp_path / "mosquitto", extra="allow_anonymous false")
    broker = Broker(
        BrokerSettings(server.host, server.port),
        client_id="test",
        subscriptions=[],
        on_connect=lambda _broker: asyncio.sleep(0),
        rng=random.Random(3),
    )
    assert broker.trouble is None
    task = asyncio.create_task(broker.run())
    try:
        await until(lambda: "nobody listens there" in (broker.trouble or ""))
        server.start()
        await until(lambda: "without a user name" in (broker.trouble or ""))
        server.stop()
        server._extra = ""
        server.start()
        await until(lambda: broker.connected)
        assert broker.trouble is None
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        server.stop()
    said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([words for words in said if "without a user name" in words]) == 1


async def test_nobody_there_and_names_nobody_knows_are_said() -> None:
    with pytest.raises(BrokerUnavailable, match=r"nobody listens there.*\[broker\]"):
        await reach(BrokerSettings(port=free_port()), "test")
    with pytest.raises(BrokerUnavailable, match=r"no machine is known|cannot be looked up"):
        await reach(BrokerSettings("broker.invalid"), "test")


async def test_an_authority_that_is_no_file_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ConfigError, match=name):
            await reach(BrokerSettings(tls=True, ca=str(tmp_path / name)), "test")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "does not answer in time"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "there is no way to it"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "there is no way to it"),
        (OSError(errno.EPIPE, "Broken pipe"), "the connection broke: Broken pipe"),
        (socket.gaierror(socket.EAI_AGAIN, "Try again"), "cannot be looked up now"),
        (socket.gaierror(socket.EAI_NONAME, "Not known"), "no machine is known"),
        (ssl.SSLError("something of TLS"), "no TLS can be agreed on"),
    ],
)
def test_what_no_test_can_bring_about_has_its_words(error: OSError, words: str) -> None:
    reason = reason_of(error, "broker")
    assert words in reason.what
    assert reason.fix


def test_retries_slow_down_to_a_minute_and_a_whole_house_does_not_come_at_once() -> None:
    houses = [retry_delays(random.Random(seed)) for seed in range(200)]
    rounds = [[next(house) for house in houses] for _ in range(12)]
    longest = [max(delays) for delays in rounds]
    assert all(delay >= 0.1 for delays in rounds for delay in delays)
    assert longest[0] <= 0.5
    assert longest == sorted(longest[:7]) + longest[7:], "each time longer"
    for delays in rounds[8:]:
        assert min(delays) < 6, "anything up to a minute"
        assert 54 < max(delays) <= 60
