"""Files that survive a power cut. Owns durable writing; knows nothing of what is in them."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from herdbook.errors import LogInUse, StorageError

type Step = Callable[[str], None]
"""Called by name between two writes that belong together: tests end the process there."""


def no_step(_name: str) -> None:
    """What everybody but a test does between two writes."""


def replace_file(path: Path, data: bytes, mode: int = 0o600, *, step: Step = no_step) -> None:
    """Put `data` at `path` so that a crash at any moment leaves the old or the new content.

    A crash may leave the temporary file too; `remove_temporary_files` finds it. Written by root, it
    is whose the old file was, or else the folder: a service reads what its owner made with sudo.
    Raises `StorageError` when the folder is full, read-only or missing; the old file stays.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                if os.geteuid() == 0:
                    _give_to(descriptor, (path if path.exists() else path.parent).stat())
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            step(f"{path.name} is written beside")
            temporary.replace(path)
            step(f"{path.name} is replaced")
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _give_to(descriptor: int, owner: os.stat_result) -> None:
    # Only if need be: where a mount says whose all files are, nothing can be given away.
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def read_secret(path: Path) -> str:
    """The line that a file of ours holds; empty where there is no file. Raises `StorageError`."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        raise StorageError(
            f"Cannot read {path}: {error}.",
            fix="Let this user read it, or remove it: a new one is made then.",
        ) from error


def remove_temporary_files(path: Path) -> None:
    """Remove what crashes amid `replace_file(path)` left behind. Raises `StorageError`."""
    for left in path.parent.glob(f".{path.name}.????????"):
        remove_file(left)


def remove_file(path: Path) -> None:
    """Remove a file, durably; none there is no error. Raises `StorageError`."""
    try:
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error


def make_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter; returns it. Raises `StorageError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> StorageError:
    """The `StorageError` for an operating system's refusal, with what to do."""
    return StorageError(
        f"Cannot write {path}: {error.strerror}.",
        fix="Free some space or make the folder writable, then try again.",
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the operating system refuses meanwhile is a `StorageError` about `path`."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error


class FolderLock:
    """At most one process works in a folder; the kernel lets go when the process ends, however.

    It is the file ``lock`` that is locked and, since people remove files of that name, the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._held: list[int] = []

    def acquire(self) -> None:
        """Raises `LogInUse` when another process has it, `StorageError` when it cannot be made."""
        folder = self._path.parent
        try:
            self._hold(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            with suppress(OSError):  # not every file system locks folders
                self._hold(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            self.release()
            raise cannot_write(self._path, error) from error
        except LogInUse:
            self.release()
            raise

    def release(self) -> None:
        """Let go; safe to repeat."""
        while self._held:
            os.close(self._held.pop())

    def _hold(self, descriptor: int) -> None:
        self._held.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogInUse(
                f"Another Herdbook process works in {self._path.parent}.",
                fix="Stop it first, or give this one a data folder of its own.",
            ) from error
