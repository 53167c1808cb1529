"""What a damaged database still holds, in a new vault.

Reads the pages that open, walks the b-trees over the missing ones, and writes the rows that it
finds into a fresh sealed database with the same keys: the same password and recovery code open it.
Nothing is ever on disk in plain. Knows no table: the schema says what there is.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import apsw
import msgspec

from herdbook import schema
from herdbook.crypto.keys import header_mac, inbox_public_key, new_inbox_key
from herdbook.errors import InputError, VaultUnsupported
from herdbook.files import cannot_write, make_folder, sync_folder
from herdbook.vault.btree import Row, Trees, Value
from herdbook.vault.derived import PREFIX
from herdbook.vault.engine import create, translated
from herdbook.vault.folder import DATABASE, HEADER, INBOX, open_header
from herdbook.vault.header import HeaderFile, way_in, write_header
from herdbook.vault.pages import Pages, open_pages

_SCHEMA_ROOT: Final = 1
_KEYS: Final = "CREATE TABLE vault_keys(name TEXT PRIMARY KEY, value BLOB NOT NULL)"
_HELD: Final[dict[str, type]] = {"INTEGER": int, "TEXT": str, "BLOB": bytes}


@dataclass(slots=True)
class Salvaged:
    """What was saved, by table, and what is known to be lost.

    `lost` counts rows that an index still knows of and that are gone; where the index is damaged
    too, `doubtful` names the table: more may be missing than is known.
    """

    saved: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    damaged_pages: list[int] = field(default_factory=list)
    inbox_kept: bool = True


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    """What each column was declared to hold."""
    required: tuple[bool, ...]
    """Which columns hold something in every row; the rowid is not among them."""
    key: int | None
    """Which column is the rowid, if one is."""
    has_rowid: bool

    @property
    def is_derived(self) -> bool:
        """Whether its rows are made out of others again; they are not taken along."""
        return self.name.startswith(PREFIX)

    def fits(self, values: list[Value]) -> bool:
        """Whether a row may be one of this table's; a rowid stands in it as None."""
        return (
            self.has_rowid
            and len(values) == len(self.columns)
            and (self.key is None or values[self.key] is None)
            and all(
                not required if value is None else isinstance(value, _HELD.get(kind, object))
                for kind, required, value in zip(self.types, self.required, values, strict=True)
            )
        )


def salvage(folder: Path, secret: str, to: Path, schema_package: str) -> Salvaged:
    """Make the vault `to`, which must not exist, of the sealed copy in `folder`.

    Raises `WrongSecret`, `VaultDamaged` when the header or the whole database is lost,
    `VaultUnsupported` for the schema of another release, `InputError`, `StorageError`.
    """
    if to.exists():
        raise InputError(f"{to} is there already.", fix="Name a place where nothing is yet.")
    opened = open_header(folder, *way_in(secret))
    header, dek = opened.file.header, opened.dek
    try:
        with TemporaryDirectory(prefix=f".{to.name}.", dir=to.absolute().parent) as work:
            making = make_folder(Path(work) / "vault")
            with open_pages(folder, dek) as pages, translated():
                result, inbox_key = _fill(pages, making / DATABASE, dek, schema_package)
            if inbox_public_key(inbox_key) != header.inbox_public_key:
                # The old drops open for nobody any more; new ones need a key pair that is whole.
                result.inbox_kept = False
                header = msgspec.structs.replace(
                    header, inbox_public_key=inbox_public_key(inbox_key)
                )
            elif (folder / INBOX).exists():
                shutil.copyfile(folder / INBOX, making / INBOX)
            mac = header_mac(dek, header.canonical())
            write_header(making / HEADER, HeaderFile(header, mac))
            making.rename(to)
            sync_folder(to.parent)
    except OSError as error:
        raise cannot_write(to, error) from error
    return result


def _fill(pages: Pages, path: Path, dek: bytes, schema_package: str) -> tuple[Salvaged, bytes]:
    connection = create(path, dek)
    try:
        newest = schema.migrate(connection.execute, 0, schema_package)
        connection.execute(_KEYS)
        first = pages.read(1)
        if first is not None and int.from_bytes(first[60:64], "big") != newest:
            raise VaultUnsupported(
                "The damaged vault has the schema of another release.",
                fix="Salvage it with the release that wrote it.",
            )
        with connection:
            result = _copy(pages, connection)
            row = connection.execute("SELECT value FROM vault_keys WHERE name = 'inbox'").fetchone()
            inbox_key = row[0] if row else new_inbox_key()
            if row is None:
                connection.execute("INSERT INTO vault_keys VALUES('inbox', ?)", (inbox_key,))
        return result, inbox_key
    finally:
        connection.close()


def _copy(pages: Pages, connection: apsw.Connection) -> Salvaged:
    trees = Trees(pages.read)
    tables = {table.name: table for table in _tables(connection)}
    result = Salvaged({name: 0 for name, table in tables.items() if not table.is_derived})
    roots: dict[str, int] = {}
    indexes: list[tuple[str, int]] = []
    for _, (kind, name, table, root, *_rest) in trees.rows(_SCHEMA_ROOT):
        if kind == "table" and name in result.saved and isinstance(root, int):
            roots[str(name)] = root
        elif kind == "index" and table in result.saved and isinstance(root, int):
            indexes.append((str(table), root))
    for name, root in roots.items():
        before = len(trees.lost), trees.broken
        _insert_all(connection, tables[name], trees.rows(root), result)
        if before != (len(trees.lost), trees.broken):
            result.doubtful.append(name)
    known: dict[str, set[Value]] = {}
    for name, root in indexes:
        # The last value of an index's record is the rowid of its row.
        found = {values[-1] for _, values in trees.rows(root) if values}
        if tables[name].has_rowid:
            known.setdefault(name, set()).update(found)
    _insert_orphans(pages, trees, connection, tables, result)
    _drop_strays(connection, result)
    for name, rowids in known.items():
        have = {row[0] for row in connection.execute(f'SELECT rowid FROM "{name}"')}  # noqa: S608
        if rowids - have:
            result.lost[name] = len(rowids - have)
    result.doubtful += [name for name in result.saved if name not in roots]
    result.damaged_pages = [number for number in pages.numbers if pages.read(number) is None]
    return result


def _insert_orphans(
    pages: Pages,
    trees: Trees,
    connection: apsw.Connection,
    tables: dict[str, _Table],
    result: Salvaged,
) -> None:
    """Leaves whose parents are lost: whose they are is told by the shape of their rows.

    Nothing that was deleted comes back: `secure_delete` leaves zeros in its place.
    """
    for number in pages.numbers:
        if number in trees.visited or not trees.is_table_leaf(number):
            continue
        for row in trees.rows(number):
            fitting = [table for table in tables.values() if table.fits(row[1])]
            if len(fitting) == 1 and not fitting[0].is_derived:
                _insert_all(connection, fitting[0], [row], result)


def _drop_strays(connection: apsw.Connection, result: Salvaged) -> None:
    """Take out the rows that refer to one that is lost."""
    strays = connection.execute("PRAGMA foreign_key_check").fetchall()
    for table, rowid in {(str(table), rowid) for table, rowid, *_ in strays}:
        connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))  # noqa: S608
        result.saved[table] -= 1


def _tables(connection: apsw.Connection) -> list[_Table]:
    tables = []
    for _, listed, kind, _, without_rowid, _ in connection.execute("PRAGMA table_list").fetchall():
        name = str(listed)
        if kind != "table" or name.startswith("sqlite_"):
            continue
        columns = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        keys = [i for i, row in enumerate(columns) if row[5] and str(row[2]).upper() == "INTEGER"]
        key = keys[0] if len(keys) == 1 and not without_rowid else None
        names = tuple(str(row[1]) for row in columns)
        types = tuple(str(row[2]).upper() for row in columns)
        required = tuple(i != key and bool(row[3] or row[5]) for i, row in enumerate(columns))
        tables.append(_Table(name, names, types, required, key, not without_rowid))
    return tables


def _insert_all(
    connection: apsw.Connection, table: _Table, rows: Iterable[Row], result: Salvaged
) -> None:
    for rowid, values in rows:
        kept = dict(zip(table.columns, values, strict=False))
        if table.key is not None:
            kept[table.columns[table.key]] = rowid
        elif table.has_rowid:
            kept["rowid"] = rowid
        names = ", ".join(f'"{name}"' for name in kept)
        marks = ", ".join("?" * len(kept))
        try:
            connection.execute(
                f'INSERT OR IGNORE INTO "{table.name}"({names}) VALUES({marks})',
                tuple(kept.values()),
            )
        except apsw.ConstraintError:
            continue  # a row that the schema forbids was never written by Herdbook
        result.saved[table.name] += connection.changes()
