"""The herd's port on the network: announced by a Llama, found by a node, on real interfaces."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import ifaddr
import pytest

from herdbook.alpaca.nearby import Announced, Nearby, look_around, usable
from herdbook.llama.config import HerdListener, load
from herdbook.llama.herd import announcement
from herdbook.llama.herd.announcement import announce
from tests.mosquitto import free_port


@contextlib.asynccontextmanager
async def announced(where: HerdListener, name: str, **more: float) -> AsyncIterator[None]:
    llama_id = f"llama{where.port}"  # others on this network may be announced at the same time
    task = asyncio.create_task(announce(where, name, llama_id, **more))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def seen(name: str, *, there: bool = True) -> Announced | None:
    """The Llama of a name, looked for until it is there, or gone."""
    async with asyncio.timeout(30):
        while True:
            # As long as `init` looks. The first answer comes to one socket alone, which on one
            # machine is anybody's; the second comes to all.
            around = await look_around(2.5)
            found = next((one for one in around.llamas if one.name == name), None)
            if (found is not None) == there:
                return found


def interfaces() -> list[str]:
    found = [one.ip for adapter in ifaddr.get_adapters() for one in adapter.ips if one.is_IPv4]
    return [str(one) for one in found if not str(one).startswith("127.")]


async def test_a_node_finds_a_llama_until_it_stops() -> None:
    port = free_port()
    name = f"The Llama. of {port}"
    async with announced(HerdListener(port, "0.0.0.0"), name):
        found = await seen(name)
        assert found is not None
        assert sorted(found.addresses) == sorted(interfaces())
        assert found.url == f"http://{found.addresses[0]}:{port}"
    assert await seen(name, there=False) is None


async def test_a_second_of_the_same_name_has_another() -> None:
    ports = free_port(), free_port()
    name = f"Twin {ports[0]}"
    async with announced(HerdListener(ports[0], "0.0.0.0"), name):
        assert await seen(name)
        async with announced(HerdListener(ports[1], "0.0.0.0"), name):
            second = await seen(f"{name}-2")
            assert second is not None
            assert second.port == ports[1]


async def test_it_is_announced_anew_when_addresses_change(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    name = f"Mover {port}"
    here = ["192.0.2.77"]
    monkeypatch.setattr(announcement, "_addresses", lambda _host: list(here))
    async with announced(HerdListener(port, "0.0.0.0"), name, again_s=0.05):
        found = await seen(name)
        assert found is not None
        assert found.addresses == ("192.0.2.77",)
        here[:] = ["192.0.2.78"]
        async with asyncio.timeout(30):
            while (found := await seen(name)) is None or found.addresses != ("192.0.2.78",):
                pass


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "localhost", "::1", "nobody.invalid"])
def test_what_only_this_machine_reaches_has_no_address_to_tell(host: str) -> None:
    assert announcement._addresses(host) == []


@pytest.mark.parametrize(
    ("table", "is_announced"),
    [
        ("port = 1", False),
        ('port = 1\nhost = "::1"', False),
        ('port = 1\nhost = "0.0.0.0"', True),
        ('port = 1\nhost = "0.0.0.0"\nannounce = false', False),
    ],
)
def test_the_file_says_whether_it_is_announced(
    tmp_path: Path, table: str, is_announced: bool
) -> None:
    path = tmp_path / "llama.toml"
    path.write_text(f'data = "llama"\n[herd]\n{table}\n')
    herd = load(path).herd
    assert herd is not None
    assert herd.is_announced == is_announced


async def test_without_a_network_that_is_said_once_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_network() -> None:
        nonlocal tries
        tries += 1
        raise OSError(19, "No such device")

    tries = 0
    for module in ("herdbook.llama.herd.announcement", "herdbook.alpaca.nearby"):
        monkeypatch.setattr(f"{module}.AsyncZeroconf", no_network)
    monkeypatch.setattr(announcement, "_addresses", lambda _host: ["192.0.2.77"])
    caplog.set_level(logging.WARNING)
    async with announced(HerdListener(1, "0.0.0.0"), "Llama", again_s=0.01), asyncio.timeout(10):
        while tries < 3:
            await asyncio.sleep(0.01)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not announced by mDNS" in caplog.text
    assert await look_around(0.1) == Nearby()


def test_a_machines_name_for_itself_is_no_address() -> None:
    said = ["127.0.1.1", "127.0.0.1", "fe80::1%eth0", "::", "0.0.0.0", "fd00::2", "169.254.1.1"]
    assert usable([*said, "192.0.2.9"]) == ("192.0.2.9", "169.254.1.1", "fd00::2")
    assert usable(said[:5]) == ()


@pytest.mark.parametrize("text", ["x" * 70, "ä" * 60, "🦙" * 30])
def test_a_long_name_fits(text: str) -> None:
    label = announcement._label(text)
    assert len(label.encode()) <= 63
    assert text.startswith(label)
    assert label
