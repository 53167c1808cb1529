"""A vault's folder at rest: which of its files count, and how its header is replaced.

Every change goes through states in which some secret opens the vault with all that was in it.
`unlock` finds out which of them a crash left, ends it, and clears the rest away. Must be used by
one thread of one process at a time; opens no database but to ask which key fits.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from herdbook.errors import VaultDamaged, WrongSecret
from herdbook.files import Step, no_step, remove_file, remove_temporary_files
from herdbook.vault.engine import check_present, open_keyed, read_page, translated
from herdbook.vault.header import (
    HeaderFile,
    Purpose,
    read_header,
    unlock_header,
    way_in,
    write_header,
    wrong_secret,
)
from herdbook.vault.wal import PAGE_SIZE

HEADER: Final = "header.json"
PREVIOUS_HEADER: Final = "header.json.previous"
"""The header before the present one, until that has opened. Counts only if that is damaged."""
DATABASE: Final = "journal.db"
NEXT_DATABASE: Final = "journal.db.next"
"""The database sealed by another DEK, amid a rotation. Never counts before it is renamed."""
INBOX: Final = "inbox.db"

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedHeader:
    """The header that counts, as it is at rest, and the DEK that it wraps.

    `on_disk` is what `header.json` says, None when it is damaged and the previous one stands in.
    `page` is the first page of the database that opens with the DEK, where that told which header
    counts.
    """

    file: HeaderFile
    dek: bytes = field(repr=False)
    on_disk: HeaderFile | None
    page: int | None = None


def current_header(folder: Path) -> HeaderFile:
    """The header that counts, no key checked. Raises `VaultDamaged`, `VaultUnsupported`."""
    try:
        return read_header(folder / HEADER)
    except VaultDamaged:
        if not (folder / PREVIOUS_HEADER).exists():
            raise
        return read_header(folder / PREVIOUS_HEADER)


def open_header(folder: Path, purpose: Purpose, secret: str) -> OpenedHeader:
    """The header that counts and its DEK; changes nothing, so it may be used on a copy.

    Blocks for one key derivation, for two amid a rotation. Raises `WrongSecret`, `VaultDamaged`,
    `VaultUnsupported`.
    """
    on_disk: HeaderFile | None = None
    try:
        on_disk = file = read_header(folder / HEADER)
        opened = _open_generations(file, purpose, secret)
    except VaultDamaged:
        if not (folder / PREVIOUS_HEADER).exists():
            raise
        on_disk, file = None, read_header(folder / PREVIOUS_HEADER)
        opened = _open_generations(file, purpose, secret)
    if on_disk is not None and file.successor is None:
        return OpenedHeader(*opened[0], on_disk)
    # Of several headers the database tells which is its own.
    page, sealing = _first_page(folder / DATABASE, [dek for _, dek in opened])
    for header, dek in opened:
        if dek == sealing:
            return OpenedHeader(header, dek, on_disk, page)
    if len(opened) < len(file.generations()):
        # Most likely the recovery code of the other generation.
        raise wrong_secret()
    raise VaultDamaged(
        "The vault's header and database do not belong together.",
        fix="Restore both from the same backup.",
    )


def unlock(folder: Path, secret: str, *, step: Step = no_step) -> bytes:
    """The DEK, by the password or the recovery code; ends what a crash interrupted.

    Raises as `open_header`, and `StorageError`.
    """
    return settle(folder, open_header(folder, *way_in(secret)), step=step)


def unlock_by_password(folder: Path, password: str, *, step: Step = no_step) -> bytes:
    """`unlock`, but a recovery code is not enough: it is a wrong secret here."""
    purpose, password = way_in(password)
    if purpose != "password":
        raise wrong_secret()
    return settle(folder, open_header(folder, purpose, password), step=step)


def is_as_opened(folder: Path, opened: OpenedHeader) -> bool:
    """Whether the header on disk is still the one that was opened. Raises `VaultUnsupported`."""
    try:
        return read_header(folder / HEADER) == opened.on_disk
    except VaultDamaged:
        return opened.on_disk is None


def settle(folder: Path, opened: OpenedHeader, *, step: Step = no_step) -> bytes:
    """The DEK of a header that was opened; ends what a crash interrupted.

    Raises `VaultDamaged`, `StorageError`.
    """
    if opened.page not in (None, 1):
        # Readers make the best of it. To end the change would throw away what it began.
        raise VaultDamaged(
            "The first page of the vault's database is damaged, amid a change of its keys.",
            fix="Import a backup, or save what is left with “herdbook vault salvage”.",
        )
    if opened.on_disk is None:
        _LOGGER.warning("A vault's header.json is damaged; the one before it takes its place")
    if opened.on_disk != opened.file:
        write_header(folder / HEADER, opened.file, step=step)
        step("the header is settled")
    clear(folder, step=step)
    return opened.dek


def replace_header(folder: Path, file: HeaderFile, *, step: Step = no_step) -> None:
    """Write a new header and keep the old one as the previous. Raises `StorageError`."""
    write_header(folder / PREVIOUS_HEADER, current_header(folder), step=step)
    step("the previous header is kept")
    write_header(folder / HEADER, file, step=step)
    step("the header is replaced")


def prove_header(
    folder: Path, opens: Callable[[HeaderFile], bool], *, step: Step = no_step
) -> None:
    """Read the header just written and see that it `opens`, then forget the previous one.

    Puts the previous one back and raises `VaultDamaged` when the disk did not keep what was
    written.
    """
    try:
        proven = opens(read_header(folder / HEADER))
    except (VaultDamaged, WrongSecret):
        proven = False
    if not proven:
        write_header(folder / HEADER, read_header(folder / PREVIOUS_HEADER))
        raise VaultDamaged(
            "The vault's new header did not open, so the one before was put back.",
            fix="Check the Llama's disk, then try again.",
        )
    step("the new header has opened")
    clear(folder, step=step)


def clear(folder: Path, *, step: Step = no_step) -> None:
    """Remove what a finished or interrupted change left, the previous header last."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        remove_file(folder / f"{NEXT_DATABASE}{suffix}")
        step(f"{NEXT_DATABASE}{suffix} is gone")
    for name in (HEADER, PREVIOUS_HEADER):
        remove_temporary_files(folder / name)
        step(f"what was written beside {name} is gone")
    remove_file(folder / PREVIOUS_HEADER)
    step("the previous header is gone")


def _open_generations(
    file: HeaderFile, purpose: Purpose, secret: str
) -> list[tuple[HeaderFile, bytes]]:
    """The generations that the secret opens, each as a header at rest, with their DEKs."""
    opened = []
    for generation in file.generations():
        with suppress(WrongSecret):
            dek = unlock_header(generation, purpose, secret)
            opened.append((HeaderFile(generation.header, generation.mac), dek))
    if not opened:
        raise wrong_secret()
    return opened


def _first_page(database: Path, deks: Iterable[bytes]) -> tuple[int, bytes | None]:
    """The first page that opens with one of the DEKs, and that DEK; None when no page does.

    It is page 1 unless that is damaged. Reads the file alone and leaves a log beside it untouched.
    """
    check_present(database)
    address = f"{database.absolute().as_uri()}?immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with ExitStack() as stack, translated():
        connections = {
            dek: stack.enter_context(closing(open_keyed(address, dek, flags))) for dek in deks
        }
        for number in range(1, database.stat().st_size // PAGE_SIZE + 1):
            for dek, connection in connections.items():
                if read_page(connection, number) is not None:
                    return number, dek
    return 0, None
