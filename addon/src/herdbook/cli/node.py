"""Asks the node that runs, over the control socket in its data folder (docs/node-api.md)."""

import http.client
import os
import socket
from pathlib import Path
from typing import Any, Final

import msgspec

from herdbook.errors import InputError, NodeUnavailable

SOCKET: Final = "alpaca.sock"
_PATIENCE_S: Final = 60.0  # a sensor may take its time
_MOST: Final = 16 * 1024 * 1024
_START: Final = (
    "Start it with “herdbook alpaca run”, or “sudo systemctl start herdbook-alpaca” where it is "
    "installed as a service."
)


class RunningNode:
    """The node that works in a data folder."""

    def __init__(self, folder: Path, patience_s: float = _PATIENCE_S) -> None:
        """`patience_s` is how long an answer may take."""
        self._folder = folder
        self._patience_s = patience_s

    def get(self, path: str) -> dict[str, Any]:
        """What it answers. Raises `NodeUnavailable`, and `InputError` for what it refuses."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> dict[str, Any]:
        """What it answers to a body; raises as `get`."""
        return self._ask("POST", path, msgspec.json.encode(body))

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        connection = _Connection(self._folder, self._patience_s)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = msgspec.json.decode(response.read(_MOST), type=dict[str, Any])
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
            raise NodeUnavailable(f"No node runs in {self._folder}.", fix=_START) from error
        except PermissionError as error:
            raise NodeUnavailable(
                f"This user may not ask the node in {self._folder}.",
                fix="Ask as the node's own user, or with sudo.",
            ) from error
        except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
            reason = str(error) or type(error).__name__
            raise NodeUnavailable(
                f"The node in {self._folder} does not answer: {reason}.",
                fix="Its log says more; restart it if it stays so.",
            ) from error
        finally:
            connection.close()
        if response.status == http.client.OK:
            return answer
        message, fix = str(answer.get("message", "")), str(answer.get("fix", ""))
        if response.status >= http.client.INTERNAL_SERVER_ERROR:
            raise NodeUnavailable(message, fix=fix)
        raise InputError(message, fix=fix)


class _Connection(http.client.HTTPConnection):
    """HTTP over the socket of a folder."""

    def __init__(self, folder: Path, patience_s: float) -> None:
        super().__init__("localhost", timeout=patience_s)
        self._folder = folder

    def connect(self) -> None:
        # By the folder's descriptor: the address of a socket holds 107 bytes, a path may be longer.
        descriptor = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{descriptor}/{SOCKET}")
        finally:
            os.close(descriptor)
