"""What systemd is told of this process: ready, still alive, stopping, and a line of how it is.

Owns sd_notify's protocol: a datagram of ``KEY=value`` lines to the socket in ``$NOTIFY_SOCKET``.
Where nobody started it so, nothing is sent.
"""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 400

_log = logging.getLogger(__name__)


class Supervisor:
    """Who started this process and wants to hear of it.

    `watchdog_s` is how long it may be silent before it is killed and started again; None: for ever.
    """

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._address = address
        self._said = ""
        self._unheard = False

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Supervisor":
        """As systemd's variables say; they are for this process alone, not for its children."""
        usec = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID") in {None, str(os.getpid())}
        watchdog_s = int(usec) / 1e6 if usec.isdecimal() and int(usec) and meant else None
        return cls(environ.get("NOTIFY_SOCKET"), watchdog_s)

    def ready(self) -> None:
        """It does what it is for."""
        self._send("READY=1")

    def alive(self) -> None:
        """Not silent: the watchdog waits anew."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It was told to stop, and does."""
        self._send("STOPPING=1")

    def status(self, words: str) -> None:
        """How it is, for ``systemctl status``; said again only when it changes."""
        words = " ".join(words.split())[:_LONGEST]
        if words != self._said:
            self._said = words
            self._send(f"STATUS={words}")

    def starting(self, within_s: float) -> None:
        """It is not ready yet, and may take so much longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(within_s * 1e6)}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        # An address that begins with @ is none of the file system.
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)  # no sensor waits for systemd
                sock.sendto(message.encode(), address)
        except OSError as error:
            if not self._unheard:
                _log.warning("systemd does not hear how this is: %s.", error.strerror or error)
            self._unheard = True
        else:
            self._unheard = False
