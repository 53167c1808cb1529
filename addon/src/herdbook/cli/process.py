"""What this process may do and say: set once, before anything is opened."""

import ctypes
import logging
import os
import resource
import sys
import time
from typing import Final

from herdbook.cli.plain import plain

_SAY_AGAIN_S: Final = 60.0
_ALLOCATOR: Final = {"PYTHONMALLOC": "malloc"}
_TUNABLES: Final = "GLIBC_TUNABLES"
_NO_CACHE: Final = "glibc.malloc.tcache_count=0"


def harden() -> None:
    """Files for their owner only, no memory images on disk, as many open files as are allowed."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def start_forgetful() -> None:
    """Begin this program anew, once, so that the C library overwrites all that it frees.

    `herdbook.vault.memory` tells it to. But Python keeps objects of up to 512 bytes, which most
    texts are, in a heap of its own, and glibc the last few freed pieces of each size in a cache.
    Neither overwrites anything, and whether they are used is settled before a program's first line.
    To be called before anything is opened; returns in the program begun anew, or where the C
    library is not glibc.

    A day's page of 20 entries takes 6 % longer by it (18.4 ms, before 17.4), saving a draft 4 %; in
    `scripts/bench vault` it is not seen.
    """
    tunables = os.environ.get(_TUNABLES, "")
    if _NO_CACHE in tunables or not hasattr(ctypes.CDLL(None), "mallopt"):
        return
    tunables = f"{tunables}:{_NO_CACHE}" if tunables else _NO_CACHE
    # This very program, as it was called.
    os.execve(  # noqa: S606
        sys.executable,
        [sys.executable, *sys.orig_argv[1:]],
        os.environ | _ALLOCATOR | {_TUNABLES: tunables},
    )


def log_to_stderr(*, verbose: bool) -> None:
    """Log to standard error, nothing that a request holds."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    # aiohttp's access log would hold every address of the panel somebody opened.
    logging.getLogger("aiohttp.access").disabled = True
    # The client of Ollama would say each question to a model, and its server's headers.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(MalformedRequests())


class PlainFormatter(logging.Formatter):
    """One line for each record, and nothing in it that steers a terminal: others wrote some of it.

    Only the traceback of a fault of ours has lines of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging calls it so
        """See `logging.Formatter`."""
        return plain(super().formatMessage(record))


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
