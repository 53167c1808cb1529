"""An export: a vault as it is, sealed, with what is needed to open it without Herdbook.

Owns what an export holds and how one is read back, as a folder or as a tar file. Reading one needs
no key and trusts nothing in it: names, kinds and sizes of what is in the archive are checked before
anything is written. Must not run in the process that has the vault open (see `snapshot`).
"""

import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO, Final

import msgspec
from msgspec import Meta

from herdbook.errors import InputError, StorageError, VaultDamaged, VaultUnsupported
from herdbook.files import cannot_write, make_folder, replace_file, sync_folder, writing
from herdbook.vault.folder import DATABASE, HEADER, INBOX, PREVIOUS_HEADER, current_header
from herdbook.vault.snapshot import LOG, copy_sealed

ABOUT: Final = "export.json"
DECRYPTOR: Final = "herdbook_decrypt.py"
README: Final = "README.txt"
_VAULT: Final = frozenset((HEADER, PREVIOUS_HEADER, DATABASE, LOG, INBOX))
_KNOWN: Final = frozenset((ABOUT, DECRYPTOR, README)) | _VAULT
_SMALL: Final = 64 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_PIECE: Final = 1 << 20
_FOLDER: Final = "herdbook-vault"


class About(msgspec.Struct, frozen=True):
    """`export.json`: whose vault it is and when it was made (ISO 8601, UTC)."""

    export: int
    vault_id: str
    person: Annotated[str, Meta(max_length=200)]
    made: Annotated[str, Meta(max_length=40)]


def export_vault(vault: Path, to: Path, *, person: str, made: str) -> None:
    """Write an export of the vault in the folder `vault` to `to`: a tar file if it ends in .tar.

    It appears whole or not at all. Raises `InputError` when `to` is there already, `VaultDamaged`,
    `StorageError`.
    """
    if to.exists():
        raise InputError(f"{to} is there already.", fix="Name a place where nothing is yet.")
    try:
        with TemporaryDirectory(prefix=f".{to.name}.", dir=to.absolute().parent) as work:
            making = Path(work) / _FOLDER
            copy_sealed(vault, making)
            about = About(1, current_header(making).header.vault_id, person, made)
            replace_file(making / ABOUT, msgspec.json.format(msgspec.json.encode(about)) + b"\n")
            for name in (DECRYPTOR, README):
                shipped = resources.files("herdbook.vault.decryptor").joinpath(name)
                replace_file(making / name, shipped.read_bytes())
            if to.suffix == ".tar":
                making = _packed(making, Path(work) / to.name)
            making.rename(to)
            sync_folder(to.parent)
    except OSError as error:
        raise cannot_write(to, error) from error


def unpack(source: Path, into: Path) -> About | None:
    """Copy the vault's files out of an export, or out of a vault's own folder, into `into`.

    Returns what the export says of itself, None for a bare vault. A bare vault may be in use and is
    copied under its locks. Raises `VaultDamaged` for what is no vault, `VaultUnsupported` for a
    newer export, `StorageError`.
    """
    make_folder(into)
    try:
        if source.is_dir():
            if not (source / ABOUT).exists():
                copy_sealed(source, into)
                return None
            for name in sorted(_VAULT | {ABOUT}):
                if (source / name).exists():
                    with (source / name).open("rb") as file:
                        _keep(file, (source / name).stat().st_size, into / name)
        else:
            with source.open("rb") as file:
                _unpack_tar(file, into)
        about = _about(into / ABOUT)
        (into / ABOUT).unlink()
    except FileNotFoundError as error:
        raise InputError(f"There is no {error.filename}.", fix="Check the path.") from error
    except OSError as error:
        raise StorageError(
            f"Cannot read {source}: {error.strerror}.", fix="Check its permissions and its disk."
        ) from error
    if current_header(into).header.vault_id != about.vault_id:
        raise _damaged("its parts are of different vaults")
    if not (into / DATABASE).exists():
        raise _damaged("it has no journal.db")
    return about


@contextmanager
def unpacked(source: Path, beside: Path | None = None) -> Iterator[Path]:
    """The vault's files in a folder that lasts as long as the context: sealed, free to be opened.

    `beside` is an existing folder to make it in; by default the system's place for such files.
    Raises as `unpack`.
    """
    try:
        folder = TemporaryDirectory(prefix=".herdbook-", dir=beside)
    except OSError as error:
        raise StorageError(
            f"No temporary folder can be made: {error.strerror}.",
            fix="Set TMPDIR to a writable folder with room for a copy of the vault.",
        ) from error
    with folder as work:
        into = Path(work) / _FOLDER
        unpack(source, into)
        yield into


def _packed(folder: Path, to: Path) -> Path:
    with tarfile.open(to, "x", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(path.name for path in folder.iterdir()):
            tar.add(folder / name, f"{_FOLDER}/{name}", filter=_anonymous)
    shutil.rmtree(folder)
    return to


def _anonymous(item: tarfile.TarInfo) -> tarfile.TarInfo:
    item.uid = item.gid = 0
    item.uname = item.gname = ""
    item.mode = 0o600
    return item


def _unpack_tar(file: BinaryIO, into: Path) -> None:
    """Read a tar file block by block: in it are at most eight plain files with names we know.

    `tarfile` itself would follow whatever the archive says of lengths and links.
    """
    seen: set[str] = set()
    while len(block := file.read(_BLOCK)) == _BLOCK and any(block):
        try:
            item = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, ValueError) as error:
            raise _damaged("it is no tar file") from error
        name = item.name.removeprefix("./").removeprefix(_FOLDER).strip("/")
        if item.isdir() and not name:
            continue
        if item.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or name not in _KNOWN - seen:
            raise _damaged("it holds something that is no part of an export")
        seen.add(name)
        padding = -item.size % _BLOCK
        if item.size < 0:
            raise _damaged("it is no tar file")
        if name in _VAULT | {ABOUT}:
            _keep(file, item.size, into / name)
        else:
            file.seek(item.size, io.SEEK_CUR)
        file.seek(padding, io.SEEK_CUR)
    if not seen:
        raise _damaged("it is no tar file")


def _keep(source: BinaryIO, size: int, to: Path) -> None:
    if to.name in (ABOUT, HEADER, PREVIOUS_HEADER) and size > _SMALL:
        raise _damaged(f"its {to.name} is too long")
    with writing(to):
        out = to.open("xb", buffering=0)
    with out:
        to.chmod(0o600)
        while size:
            piece = source.read(min(size, _PIECE))
            if not piece:
                raise _damaged(f"its {to.name} is cut off")
            size -= len(piece)
            with writing(to):
                while piece:
                    piece = piece[out.write(piece) :]


def _about(path: Path) -> About:
    class Version(msgspec.Struct):
        export: int

    try:
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=Version).export
        if version != 1:
            raise VaultUnsupported(
                f"This export has version {version}; this Herdbook reads 1.",
                fix="Install the release that wrote it, or a newer one.",
            )
        return msgspec.json.decode(data, type=About)
    except FileNotFoundError as error:
        raise _damaged(f"it has no {ABOUT}") from error
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _damaged(f"its {ABOUT} is not readable") from error


def _damaged(how: str) -> VaultDamaged:
    return VaultDamaged(
        f"This is not a whole export: {how}.", fix="Take another copy of it, or an older export."
    )
