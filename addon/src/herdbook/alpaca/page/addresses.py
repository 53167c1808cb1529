"""Where a browser finds a node's page: of one that listens everywhere, by each address it has."""

import socket
from ipaddress import ip_address
from typing import Final

import psutil

from herdbook.alpaca.page.settings import PageSettings

_EVERYWHERE: Final = {
    "0.0.0.0": socket.AF_INET,  # noqa: S104 # compared, not listened on
    "::": socket.AF_INET6,
}


def addresses_of(page: PageSettings) -> list[str]:
    """The addresses to open, those of the network before this machine's own."""
    family = _EVERYWHERE.get(page.host)
    if family is None:
        return [page.address]
    found = [
        ip_address(one.address)
        for adapter in psutil.net_if_addrs().values()
        for one in adapter
        if one.family == family and "%" not in one.address  # link-local: no browser's
    ]
    found.sort(key=lambda one: (one.is_loopback, one.packed))
    return [page.at(str(one)) for one in found] or [page.address]
