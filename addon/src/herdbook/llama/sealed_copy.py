"""A sealed copy of a vault that is in use, for its person to take along.

Made by a process of its own, which is this module's `main`: whoever reads a database's files within
the process that has it open drops the locks on them (see `herdbook.vault.snapshot`). That process
gets no key, and needs none.
"""

import asyncio
import logging
import shutil
import sys
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct, json

from herdbook.errors import HerdbookError, StorageError
from herdbook.files import make_folder
from herdbook.ids import random_id
from herdbook.vault.backup import export_vault

_LOGGER = logging.getLogger(__name__)
_NAME: Final = "vault.tar"


class _Task(Struct):
    vault: str
    to: str
    person: str
    made: str


class SealedCopies:
    """Makes one at a time: each needs as much room as its vault."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def open(self, vault: Path, *, person: str, made: str) -> BinaryIO:
        """An export of the vault in a folder, as a tar file that is nowhere else any more.

        Raises `StorageError` when it cannot be made.
        """
        async with self._one:
            # Named so that a Llama which was killed clears it away at its next start.
            work = await asyncio.to_thread(make_folder, vault.parent / f".{random_id()}")
            try:
                to = work / _NAME
                await _make(_Task(str(vault), str(to), person, made))
                return await asyncio.to_thread(to.open, "rb")
            finally:
                await asyncio.to_thread(shutil.rmtree, work)


async def _make(task: _Task) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate(json.encode(task))
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        why = said.decode("utf-8", "replace").strip()
        _LOGGER.warning("A sealed copy of a vault was not made: %s", why)
        raise StorageError(
            "The sealed copy could not be made.",
            fix="It needs as much free space as the vault itself; the log says more.",
        )


def main() -> int:
    """Make the copy that standard input asks for."""
    task = json.decode(sys.stdin.buffer.read(), type=_Task)
    try:
        export_vault(Path(task.vault), Path(task.to), person=task.person, made=task.made)
    except HerdbookError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
