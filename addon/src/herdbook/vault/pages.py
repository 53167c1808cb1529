"""The pages of a sealed database one by one, opened by the engine, whatever state they are in.

Owns which image of a page counts: the newest committed one in the log, else the database's. Works
on a copy that nobody else has open, and never hands out a page that failed its tag.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import apsw

from herdbook.errors import VaultDamaged
from herdbook.vault.engine import check_present, open_keyed, read_page, translated
from herdbook.vault.folder import DATABASE
from herdbook.vault.snapshot import LOG
from herdbook.vault.wal import PAGE_SIZE, WriteAheadLog, read_log


class Pages:
    """Use `open_pages`.

    `problems` are sentences about what is wrong with the files as such. `count` is how many pages
    the database should have, `ignored` how many frames of the log do not count.
    """

    def __init__(self, connection: apsw.Connection, folder: Path) -> None:
        self.problems: list[str] = []
        self.connection = connection
        log = WriteAheadLog({}, None, 0)
        try:
            with (folder / LOG).open("rb") as file:
                log = read_log(file)
        except FileNotFoundError:
            pass
        except VaultDamaged as error:
            self.problems.append(error.message)
        self.ignored = log.ignored
        self._frames = log.frames
        stored = -(-(folder / DATABASE).stat().st_size // PAGE_SIZE)
        self._highest = max([stored, *log.frames])
        self.count = log.pages or self._highest
        first = self.read(1)
        if first is not None and first[24:28] == first[92:96] and any(first[28:32]):
            # What SQLite's own header says of the length holds when these counters agree.
            said = int.from_bytes(first[28:32], "big")
            if log.pages is not None and said > self.count:
                self.problems.append(f"Page 1 counts {said} pages, the log only {self.count}.")
            self.count = said if log.pages is None else self.count
        if self.count > self._highest:
            self.problems.append(
                f"The database should have {self.count} pages; "
                f"the last {self.count - self._highest} are missing."
            )

    @property
    def numbers(self) -> range:
        """The pages that are there, whether they open or not."""
        return range(1, min(self.count, self._highest) + 1)

    def read(self, number: int) -> bytes | None:
        """A page in plain, reserved bytes included; None when its tag fails or it is cut off."""
        return read_page(self.connection, number, self._frames.get(number))


@contextmanager
def open_pages(folder: Path, dek: bytes) -> Iterator[Pages]:
    """The pages of the vault copied into `folder`.

    Raises `VaultDamaged` without a database, `StorageError` when there is no room to open it.
    """
    check_present(folder / DATABASE)
    with closing(open_keyed(folder / DATABASE, dek, apsw.SQLITE_OPEN_READWRITE)) as connection:
        # The first query makes the engine look for a log, and is allowed to fail: what is readable
        # is then found page by page.
        with translated(), suppress(apsw.NotADBError, apsw.CorruptError):
            connection.pragma("user_version")
        yield Pages(connection, folder)
