"""Databases as earlier releases left them: made by their own migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import apsw

from herdbook.journal.journal import SCHEMA
from herdbook.vault.engine import create


@contextmanager
def journal_of(schema: int, path: Path, dek: bytes) -> Iterator[apsw.Connection]:
    """A new journal's database of an earlier schema."""
    connection = create(path, dek)
    scripts = sorted(
        resources.files(SCHEMA).joinpath("migrations").iterdir(), key=lambda file: file.name
    )
    for script in [file for file in scripts if file.name.endswith(".sql")][:schema]:
        connection.execute(script.read_text("utf-8")).fetchall()
    connection.pragma("user_version", schema)
    yield connection
    connection.close()
