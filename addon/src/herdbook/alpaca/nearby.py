"""Who announces itself on the network by mDNS: Llamas that nodes may come to, and MQTT brokers.

Owns one look around. What is announced is anybody's word: it is offered, never used unasked.
"""

import asyncio
import ipaddress
import logging
from typing import Final

import zeroconf
from msgspec import Struct
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

_LLAMA: Final = "_herdbook._tcp.local."
_BROKER: Final = "_mqtt._tcp.local."
_ASK_MS: Final = 2_000
_REMOVED: Final = zeroconf.ServiceStateChange.Removed
_MOST: Final = 16
_LONGEST_NAME: Final = 40

_log = logging.getLogger(__name__)


class Announced(Struct, frozen=True):
    """Something that announces itself: its name, its best address first, and its port."""

    name: str
    addresses: tuple[str, ...]
    port: int

    @property
    def host(self) -> str:
        """The address to use."""
        return self.addresses[0]

    @property
    def url(self) -> str:
        """As the address of a Llama."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Nearby(Struct, frozen=True):
    """What a look around found, by name."""

    llamas: tuple[Announced, ...] = ()
    brokers: tuple[Announced, ...] = ()


async def look_around(seconds: float) -> Nearby:
    """Listen for so long on all interfaces. Where there is no network, nothing is found."""
    names: dict[str, set[str]] = {_LLAMA: set(), _BROKER: set()}

    def heard(
        zeroconf: zeroconf.Zeroconf,  # given by name
        service_type: str,
        name: str,
        state_change: zeroconf.ServiceStateChange,
    ) -> None:
        if state_change is not _REMOVED and len(names[service_type]) < _MOST:
            names[service_type].add(name)

    try:
        multicast = AsyncZeroconf()
    except OSError as error:
        _log.warning("Nobody can be looked for by mDNS: %s.", error.strerror or error)
        return Nearby()
    try:
        browser = AsyncServiceBrowser(multicast.zeroconf, list(names), handlers=[heard])
        await asyncio.sleep(seconds)
        await browser.async_cancel()
        found = {service: await _all(multicast, service, names[service]) for service in names}
    finally:
        await multicast.async_close()
    return Nearby(found[_LLAMA], found[_BROKER])


async def _all(multicast: AsyncZeroconf, service: str, names: set[str]) -> tuple[Announced, ...]:
    asked = await asyncio.gather(*(_one(multicast, service, name) for name in sorted(names)))
    return tuple(one for one in asked if one is not None)


async def _one(multicast: AsyncZeroconf, service: str, name: str) -> Announced | None:
    info = AsyncServiceInfo(service, name)
    if not await info.async_request(multicast.zeroconf, _ASK_MS) or info.port is None:
        return None
    addresses = usable(info.parsed_addresses())
    if not addresses:
        return None
    label = name.removesuffix(f".{service}")
    shown = "".join(letter if letter.isprintable() else "�" for letter in label)
    return Announced(shown[:_LONGEST_NAME], addresses, info.port)


def usable(addresses: list[str]) -> tuple[str, ...]:
    """Those by which another machine is reached, IPv4 first.

    A machine may announce what it calls itself, such as 127.0.1.1; a link-local address of IPv6
    means nothing without the interface.
    """
    parsed = [ipaddress.ip_address(address.partition("%")[0]) for address in addresses]
    good = [
        address
        for address in parsed
        if not address.is_loopback
        and not address.is_unspecified
        and not (address.version == 6 and address.is_link_local)
    ]
    good.sort(key=lambda address: (address.version, address.is_link_local))
    return tuple(map(str, good))
