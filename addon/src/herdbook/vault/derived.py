"""What a database makes out of its other rows again: damage to it costs nothing.

That are the tables whose names begin with `derived_`, and full-text indexes: a salvage leaves both
behind and makes them anew.
"""

from collections.abc import Iterator
from typing import Final

import apsw

from herdbook.vault.btree import Trees
from herdbook.vault.pages import Pages

PREFIX: Final = "derived_"
_SCHEMA_ROOT: Final = 1


def is_all_derived(pages: Pages, damaged: list[int]) -> bool:
    """Whether all these pages, which do not open, are known to hold nothing else."""
    schema = Trees(pages.read)
    rows = [values for _, values in schema.rows(_SCHEMA_ROOT)]
    if schema.lost or schema.broken:
        return False
    indexes = tuple(f"{values[1]!s}_" for values in rows if _is_index(values[4]))
    trees = Trees(pages.read)
    for _, _, table, root, _ in rows:
        if str(table).startswith((PREFIX, *indexes)) and isinstance(root, int) and root:
            for _ in trees.rows(root):
                pass
    return set(damaged) <= trees.lost


def stale_indexes(connection: apsw.Connection) -> Iterator[str]:
    """The names of full-text indexes that are not what their rows say. Writes nothing for good."""
    tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
    for name, sql in tables.fetchall():
        if not _is_index(sql):
            continue
        try:
            # With a rank it compares every word with the rows, and not the index with itself only.
            connection.execute(
                f'INSERT INTO "{name}"("{name}", rank) VALUES(\'integrity-check\', 1)'
            )
        except (apsw.CorruptError, apsw.ConstraintError, apsw.SQLError):
            yield str(name)


def is_of_index(found: str) -> bool:
    """Whether a line of ``PRAGMA integrity_check`` is about a full-text index."""
    return "fts5" in found.lower()


def _is_index(sql: object) -> bool:
    return isinstance(sql, str) and "USING FTS5" in sql.upper()
