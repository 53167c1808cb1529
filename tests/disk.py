"""Disks that refuse: real ones where the test may mount them, limits of the process elsewhere."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from herdbook.errors import StorageError

_MIB = 1024 * 1024


class Disk:
    """A folder of two mebibytes, half of them taken.

    Where nothing can be mounted, each file in it may become as long as there would be room.
    """

    def __init__(self, path: Path, *, mounted: bool) -> None:
        self.path = path
        self.mounted = mounted
        self._ballast = path / "ballast"
        self.leave(_MIB)

    def leave(self, room: int, pid: int = 0) -> None:
        """Take all room but so many bytes, a multiple of a page, from this process or another."""
        if not self.mounted:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
            return
        self.make_room()
        free = os.statvfs(self.path)
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - room)

    def make_room(self, pid: int = 0) -> None:
        if self.mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (2 * _MIB, resource.RLIM_INFINITY))

    def content(self) -> list[str]:
        """The names of what is on it."""
        return sorted(path.name for path in self.path.iterdir() if path != self._ballast)

    def protect(self, folder: Path) -> None:
        """From now on nothing in `folder`, which is in it, can be written."""
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)
        else:
            for path in (*folder.iterdir(), folder):
                path.chmod(0o500 if path.is_dir() else 0o400)

    def release(self, folder: Path) -> None:
        """From now on it can be written again."""
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,rw", self.path], check=True)
        else:
            for path in (folder, *folder.iterdir()):
                path.chmod(0o700 if path.is_dir() else 0o600)


class Attempt:
    """Something that was tried on a disk without room: how that refused it, if it did."""

    refusal: StorageError | None = None


@contextmanager
def attempt() -> Iterator[Attempt]:
    """Whatever is refused says what to do."""
    tried = Attempt()
    try:
        yield tried
    except StorageError as error:
        tried.refusal = error
    assert tried.refusal is None or "Free some space" in tried.refusal.fix


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    if os.geteuid() == 0:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], check=True)
        try:
            yield Disk(path, mounted=True)
        finally:
            # Lazily: whoever looks through all temporary folders right now does not hold it up.
            subprocess.run(["umount", "--lazy", path], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield Disk(path, mounted=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
