"""Whether this machine has the memory for a model now, so that none swaps it to death."""

from typing import Final

import psutil

_MIB: Final = 1024 * 1024
_SWAP_LEAST: Final = 64 * _MIB
_SWAP_SHARE: Final = 0.5


def too_little(floor_mib: int, is_loaded: bool) -> str | None:
    """Why a model on this machine should not be asked just now; None where it may be.

    It takes so many MiB that are available, unless it `is_loaded`, and a swap space that is not
    half full: a machine that has swapped that much is short of memory already.
    """
    available = psutil.virtual_memory().available
    if not is_loaded and available < floor_mib * _MIB:
        return f"only {available // _MIB} MiB of memory are available, {floor_mib} are wanted"
    swap = psutil.swap_memory()
    if swap.used > max(_SWAP_LEAST, swap.total * _SWAP_SHARE):
        return f"{swap.used // _MIB} MiB are swapped out already"
    return None
