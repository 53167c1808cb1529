"""What this process does to keep open vaults out of other hands' reach: its memory's manners.

Python cannot wipe what it has let go of, and most of what a vault shows passes through Python. The
C library can, where it is glibc: `keep_memory_private` has it do so, and `start_forgetful` has
Python leave all of its memory to it. docs/threat-model.md says what remains nonetheless.
"""

import ctypes
import functools
import os
import sys
from typing import Final

_M_PERTURB: Final = -6  # malloc.h
_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h
_ALLOCATOR: Final = {"PYTHONMALLOC": "malloc"}
_TUNABLES: Final = "GLIBC_TUNABLES"
_NO_CACHE: Final = "glibc.malloc.tcache_count=0"
_BYTES_HEAD: Final = bytes.__basicsize__ - 1
"""What lies before the content of a bytes object, in bytes."""


def forget(key: bytes) -> None:
    """Overwrite a key where it lies. Nobody may use this object any more.

    Python does not: what it frees of this size keeps its content until something takes its place,
    which in a busy process was often never.
    """
    ctypes.memset(id(key) + _BYTES_HEAD, 0, len(key))


def start_forgetful() -> None:
    """Begin this program anew, once, so that all it frees from then on can be overwritten.

    Python keeps objects of up to 512 bytes, which most texts are, in a heap of its own, and glibc
    the last few freed pieces of each size in a cache. Neither overwrites anything, and whether they
    are used is settled before a program's first line. To be called before anything is opened;
    returns in the program begun anew, or where the C library is not glibc.

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


@functools.cache
def keep_memory_private() -> None:
    """Have freed memory overwritten, and shown to nobody but root: no core file, no debugger.

    For the rest of this process. Where the C library has no such call it stays as it was.
    """
    library = ctypes.CDLL(None)
    for name, arguments in (("mallopt", (_M_PERTURB, 0x55)), ("prctl", (_PR_SET_DUMPABLE, 0))):
        call = getattr(library, name, None)
        if call is not None:
            call(*arguments)
