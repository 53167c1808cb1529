"""Where the broker is: the ``[broker]`` table of a configuration, and the TLS it asks for."""

import ssl
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.errors import ConfigError
from herdbook.settings import require_host

_LONGEST: Final = 65_535  # bytes of a text in MQTT


class BrokerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the broker is and how to sign in; the ``[broker]`` table of the configuration."""

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None  # path of the authority's certificate; None: the system's

    def __post_init__(self) -> None:
        require_host(self.host)
        for key, text in (("username", self.username), ("password", self.password)):
            if text is not None and ("\0" in text or len(text.encode()) > _LONGEST):
                raise ValueError(f"“{key}” is longer than MQTT allows, or holds a null")
        if self.ca is not None and "\0" in self.ca:
            raise ValueError("“ca” is no path")


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """What checks the broker's certificate; None without TLS. Raises `ConfigError`."""
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except OSError as error:
        raise ConfigError(
            f"Cannot use the certificate {settings.ca}: {error}.",
            fix="Point “ca” under [broker] at a PEM file that this program can read.",
        ) from error
    context.sslsocket_class = _Closed
    return context


class _Closed(ssl.SSLSocket):
    """Is closed when no TLS comes about: paho would leave the connection to Python's collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
