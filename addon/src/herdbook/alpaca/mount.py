"""Waits for the disk of the data folder: a node must not begin anew beside its own log.

A folder on a disk that `/etc/fstab` names is not made where that disk is still missing.
"""

import asyncio
import logging
import random
from pathlib import Path
from typing import Final

from herdbook.systemd import Supervisor
from herdbook.unreachable import retry_delays

_FSTAB: Final = Path("/etc/fstab")
_LAST_RETRY_S: Final = 60.0

_log = logging.getLogger(__name__)


async def mounted(
    folder: Path, supervisor: Supervisor, rng: random.Random, *, fstab: Path = _FSTAB
) -> None:
    """Return once the disk that `folder` is to be on is there; at once where it is no other."""
    said: Path | None = None
    for delay in retry_delays(rng):
        missing = await asyncio.to_thread(missing_mount, folder, fstab)
        if missing is None:
            if said is not None:
                _log.info("%s is mounted.", said)
            return
        words = f"{missing} is not mounted yet, and {folder} is to be on it: waiting for it."
        if missing != said:
            said = missing
            _log.warning("%s Plug that disk in, or mount it.", words)
        supervisor.status(words)
        supervisor.starting(2 * _LAST_RETRY_S)
        await asyncio.sleep(delay)


def missing_mount(folder: Path, fstab: Path) -> Path | None:
    """The mount point that `folder` is under and that nothing is mounted on; None mostly."""
    try:
        lines = fstab.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None  # a container, or another system: nothing is promised there
    points = [
        # Spaces are written so there.
        Path(fields[1].replace("\\040", " "))
        for line in lines
        if len(fields := line.split()) >= 3 and not line.startswith("#") and fields[2] != "swap"
    ]
    above = [point for point in points if point.is_absolute() and folder.is_relative_to(point)]
    return next((point for point in sorted(above) if not point.is_mount()), None)
