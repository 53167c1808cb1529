"""Whether a vault is as it was written: header, every page's tag, SQLite's own checks, the inbox.

Works on a sealed copy, so that a damaged vault is not touched and a running Llama not disturbed.
Knows no table of the journal's: whoever calls brings the checks of the schema.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from herdbook.errors import StorageError, VaultDamaged
from herdbook.vault.derived import is_all_derived, is_of_index, stale_indexes
from herdbook.vault.folder import INBOX, open_header
from herdbook.vault.header import Header, way_in
from herdbook.vault.inbox import Inbox
from herdbook.vault.pages import Pages, open_pages
from herdbook.vault.vault import inbox_keys

Check = Callable[[apsw.Connection], list[str]]
"""Sentences about what is wrong with the rows; they name rows by number, never their text."""

_LIMIT: Final = 20


@dataclass(slots=True)
class Report:
    """What was found. `problems` is empty for a whole vault; `damaged_pages` are page numbers.

    With `only_derived`, all that is damaged is made out of entries again: a salvage loses nothing.
    """

    problems: list[str] = field(default_factory=list)
    damaged_pages: list[int] = field(default_factory=list)
    pages: int = 0
    drops: int = 0
    refused_drops: int = 0
    frames_ignored: int = 0
    only_derived: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(folder: Path, secret: str, check: Check) -> Report:
    """Verify the sealed copy in `folder`, which may be changed by it.

    Raises `WrongSecret`, `VaultUnsupported`, `StorageError` when the copy has no room to be opened,
    and `VaultDamaged` when not even the header is whole; what is wrong behind it is in the report.
    """
    opened = open_header(folder, *way_in(secret))
    report = verify_with(folder, opened.file.header, opened.dek, check)
    if opened.on_disk is None:
        report.problems.append(
            "header.json is damaged; the vault still opens with header.json.previous, and "
            "unlocking it puts that in its place."
        )
        report.only_derived = False
    return report


def verify_with(folder: Path, header: Header, dek: bytes, check: Check) -> Report:
    """As `verify`, with the DEK in hand."""
    report = Report()
    try:
        with open_pages(folder, dek) as pages:
            _check_pages(pages, report)
        # Anew: an engine that met a damaged page trusts the others no more.
        with open_pages(folder, dek) as pages:
            if report.whole:
                _check_structure(pages.connection, report, check)
            before = len(report.problems)
            _check_inbox(pages.connection, folder, header, report)
            report.only_derived &= len(report.problems) == before
    except VaultDamaged as error:
        report.problems.append(error.message)
        report.only_derived = False
    return report


def _check_pages(pages: Pages, report: Report) -> None:
    report.pages = pages.count
    report.frames_ignored = pages.ignored
    report.problems += pages.problems
    for number in pages.numbers:
        if pages.read(number) is None:
            report.damaged_pages.append(number)
    if report.damaged_pages == list(pages.numbers):
        report.problems.append(
            "Not one page opens: the vault's header and database do not belong together."
        )
    elif report.damaged_pages:
        report.problems.append(f"These pages fail their tags: {ranges(report.damaged_pages)}.")
        if len(report.problems) == 1:
            report.only_derived = is_all_derived(pages, report.damaged_pages)


def _check_structure(connection: apsw.Connection, report: Report, check: Check) -> None:
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_LIMIT})")]
        with _undone(connection):
            of_rows = check(connection)[:_LIMIT]
            stale = list(stale_indexes(connection))
        if stale:
            found = [line for line in found if not is_of_index(line)]
        if found not in ([], ["ok"]):
            report.problems.append("The pages do not fit together: " + "; ".join(found) + ".")
        keys = connection.execute("PRAGMA foreign_key_check").fetchall()
        report.problems += [f"Row {row} of {table} points nowhere." for table, row, *_ in keys]
        report.problems += of_rows
        report.only_derived = bool(stale) and not report.problems
        report.problems += [
            f"The full-text index “{name}” is not what is written." for name in stale
        ]
    except apsw.FullError as error:
        raise StorageError(
            "There is no room to look into the vault.", fix="Free some space and try again."
        ) from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, StorageError) as error:
        report.problems.append(f"The database is not whole: {error}.")


@contextmanager
def _undone(connection: apsw.Connection) -> Iterator[None]:
    """What is written to be looked at: none of it stays, nor, but for much, reaches the disk."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check_inbox(connection: apsw.Connection, folder: Path, header: Header, report: Report) -> None:
    try:
        keys = inbox_keys(connection, header)
        if (folder / INBOX).exists():
            inbox = Inbox(folder / INBOX, header.vault_id)
            report.drops = len(inbox.open_all(*keys))
            report.refused_drops = inbox.count_refused()
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
        report.problems.append("The key of the inbox is not readable.")
    except VaultDamaged as error:
        report.problems.append(error.message)


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as people write them: ``2, 5 to 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
