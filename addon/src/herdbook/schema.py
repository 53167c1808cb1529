"""Numbered SQL migrations, for any SQLite binding. Owns how they are found and applied.

A package keeps them in its folder ``migrations`` as ``0001_name.sql``, ``0002_…``, without gaps and
never changed once released. Each is one transaction together with its number in
``PRAGMA user_version``, so a killed migration leaves the database as it was.
"""

from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable

from herdbook.errors import StorageError


def migrate(run: Callable[[str], object], user_version: int, package: str) -> int:
    """Bring a database to the newest schema of `package`; returns its version.

    `run` executes a script of several statements (`sqlite3.Connection.executescript`,
    `apsw.Connection.execute`); `user_version` is what the database says of itself now.
    Raises `StorageError` when the database is newer than this program.
    """
    numbered = _numbered(package)
    check_version(user_version, package)
    newest = max(numbered)
    for number in range(user_version + 1, newest + 1):
        script = numbered[number].read_text(encoding="utf-8")
        run(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
    return newest


def check_version(user_version: int, package: str) -> None:
    """Raises `StorageError` when a database is newer than this program."""
    newest = max(_numbered(package))
    if user_version > newest:
        raise StorageError(
            f"This database has schema {user_version}; this version of Herdbook knows {newest}.",
            fix="Install the release that wrote it, or a newer one.",
        )


def _numbered(package: str) -> dict[int, Traversable]:
    files = resources.files(package).joinpath("migrations").iterdir()
    return {int(file.name[:4]): file for file in files if file.name.endswith(".sql")}
