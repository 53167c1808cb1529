"""Disks that refuse: real ones where the test may mount them, limits of the process elsewhere."""

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_MIB = 1024 * 1024


class Disk:
    """A folder of two mebibytes, half of them taken."""

    def __init__(self, path: Path, *, mounted: bool) -> None:
        self.path = path
        self._mounted = mounted
        (path / "ballast").write_bytes(bytes(_MIB) if mounted else b"")

    def make_room(self) -> None:
        (self.path / "ballast").unlink()
        if not self._mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2 * _MIB, resource.RLIM_INFINITY))

    def protect(self, folder: Path) -> None:
        """From now on nothing in `folder`, which is in it, can be written."""
        if self._mounted:
            subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)
        else:
            for path in (*folder.iterdir(), folder):
                path.chmod(0o500 if path.is_dir() else 0o400)

    def release(self, folder: Path) -> None:
        """From now on it can be written again."""
        if self._mounted:
            subprocess.run(["mount", "-o", "remount,rw", self.path], check=True)
        else:
            for path in (folder, *folder.iterdir()):
                path.chmod(0o700 if path.is_dir() else 0o600)


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
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MIB, before[1]))
    try:
        yield Disk(path, mounted=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
