"""Announces the herd's port by mDNS, so that a node's `init` finds it without anybody typing.

Owns what is announced, on which addresses, and that it is withdrawn. Whoever hears it learns that a
Llama is here, its name and its port; what it takes from nodes has to be signed all the same.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import ifaddr
import zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from herdbook.llama.config import HerdListener

SERVICE: Final = "_herdbook._tcp.local."
_AGAIN_S: Final = 60.0
_HEAR_S: Final = 1.5
_LONGEST_LABEL: Final = 63

_log = logging.getLogger(__name__)


async def announce(
    where: HerdListener, name: str, llama_id: str, *, again_s: float = _AGAIN_S
) -> None:
    """Announce it until cancelled, then withdraw it; anew whenever this machine's addresses change.

    Where nothing can be announced that is a warning, and tried again.
    """
    said = ""
    while True:
        addresses = await asyncio.to_thread(_addresses, where.host)
        try:
            if addresses:
                await _announced_while(addresses, where, name, llama_id, again_s)
        except (OSError, zeroconf.Error) as error:
            words = str(error) or type(error).__name__
            if words != said:
                said = words
                _log.warning(
                    "The herd's port is not announced by mDNS: %s. Nodes can be told its address.",
                    words,
                )
        await asyncio.sleep(again_s)


async def _announced_while(
    addresses: list[str], where: HerdListener, name: str, llama_id: str, again_s: float
) -> None:
    """Until cancelled, or the addresses are others."""
    info = AsyncServiceInfo(
        SERVICE,
        f"{_label(name)}.{SERVICE}",
        port=where.port,
        parsed_addresses=addresses,
        properties={"v": "1", "id": llama_id},
        server=f"herdbook-{llama_id[:12]}.local.",
    )
    multicast = AsyncZeroconf()
    try:
        await _hear_who_is_here(multicast)
        await multicast.async_register_service(info, allow_name_change=True)
        _log.info("The herd's port is announced by mDNS on %s.", ", ".join(addresses))
        while True:
            await asyncio.sleep(again_s)
            if await asyncio.to_thread(_addresses, where.host) != addresses:
                return
    finally:
        # Shielded, for it is at the stop that it has to be said; a second cancel ends it.
        with suppress(OSError, zeroconf.Error):
            await asyncio.shield(_withdraw(multicast, info))


async def _hear_who_is_here(multicast: AsyncZeroconf) -> None:
    """Let the library know which names are taken, so that it gives another to a second.

    Its own probes are answered to one socket alone, and where two Llamas share a machine that may
    be anybody's; this question is answered to all.
    """
    asked = zeroconf.DNSQuestionType.QM
    heard = AsyncServiceBrowser(
        multicast.zeroconf, SERVICE, handlers=[lambda **_what: None], question_type=asked
    )
    await asyncio.sleep(_HEAR_S)
    await heard.async_cancel()


async def _withdraw(multicast: AsyncZeroconf, info: AsyncServiceInfo) -> None:
    try:
        sent = await multicast.async_unregister_service(info)
        await sent
    finally:
        await multicast.async_close()


def _label(name: str) -> str:
    """As much of the name as one label of a DNS name holds."""
    return name.encode()[:_LONGEST_LABEL].decode(errors="ignore")


def _addresses(host: str) -> list[str]:
    """The addresses under which others reach what listens on `host`; none where nobody can."""
    return sorted({str(address) for address in _listening(host) if _is_reachable(address)})


def _listening(host: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    everywhere = {"0.0.0.0": 4, "::": 6}.get(host)  # noqa: S104 # compared, not listened on
    if everywhere is not None:
        for adapter in ifaddr.get_adapters():
            for one in adapter.ips:
                address = ipaddress.ip_address(one.ip if isinstance(one.ip, str) else one.ip[0])
                if address.version == everywhere:
                    yield address
        return
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, place in found:
        yield ipaddress.ip_address(str(place[0]).partition("%")[0])


def _is_reachable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Not loopback; nor link-local of IPv6, which means something else on each interface."""
    return not address.is_loopback and not (address.version == 6 and address.is_link_local)
