"""What this process may do and say: set once, before anything is opened."""

import logging
import os
import resource
import sys
import time
from typing import Final

_SAY_AGAIN_S: Final = 60.0


def harden() -> None:
    """Files for their owner only, no memory images on disk, as many open files as are allowed."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def log_to_stderr(*, verbose: bool) -> None:
    """Log to standard error, nothing that a request holds."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    # aiohttp's access log would hold every address of the panel somebody opened.
    logging.getLogger("aiohttp.access").disabled = True
    logging.getLogger("aiohttp.server").addFilter(MalformedRequests())


class MalformedRequests(logging.Filter):
    """One quiet line a minute for requests that are no HTTP: aiohttp's own would quote them.

    A proxy that breaks a request in the wrong place would have it quote a password or a cookie.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last = -_SAY_AGAIN_S

    def filter(self, record: logging.LogRecord) -> bool:
        """Reword, or drop, the records about malformed requests; let all others through."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not type(error).__module__.startswith("aiohttp.http_exceptions"):
            return True
        now = time.monotonic()
        if now - self._last < _SAY_AGAIN_S:
            return False
        self._last = now
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = "Refused a request that is not HTTP (%s); more of them are not said"
        record.args = (type(error).__name__,)
        record.exc_info = record.exc_text = None
        return True
