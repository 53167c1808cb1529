"""What this process does to keep open vaults out of other hands' reach: its memory's manners.

Python cannot wipe what it has let go of, and most of what a vault shows passes through Python. The
C library can, where it is glibc: `keep_memory_private` has it do so, and a Llama leaves all of its
memory to it (`herdbook.cli.process.start_forgetful`). docs/threat-model.md says what remains
nonetheless.
"""

import ctypes
import functools
from typing import Final

_M_PERTURB: Final = -6  # malloc.h
_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h
_BYTES_HEAD: Final = bytes.__basicsize__ - 1
"""What lies before the content of a bytes object, in bytes."""


def forget(key: bytes) -> None:
    """Overwrite a key where it lies. Nobody may use this object any more.

    Python does not: what it frees of this size keeps its content until something takes its place,
    which in a busy process was often never.
    """
    ctypes.memset(id(key) + _BYTES_HEAD, 0, len(key))


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
