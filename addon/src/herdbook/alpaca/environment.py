"""Settings from the environment: every key of a settings struct as a ``HERDBOOK_…`` variable.

Owns the names of the variables and how their text becomes a value. What the keys are it reads from
the structs alone, so that a table added to them has its variables with it.

``HERDBOOK_BROKER_PORT`` is `port` in ``[broker]``, ``HERDBOOK_SENSOR_0_INTERVAL`` `interval` in the
first ``[[sensor]]``. A secret may lie in a file that ``…_FILE`` names; and whatever systemd puts
into its credentials directory as ``herdbook_…`` counts as the variable of that name.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAliasType, Union
from typing import get_args as arguments_of
from typing import get_origin as origin_of

import msgspec
from msgspec import Struct

from herdbook.errors import ConfigError
from herdbook.settings import parse_toml

PREFIX: Final = "HERDBOOK_"
SECRETS: Final = frozenset({"password", "token", "api_key", "secret"})
"""Keys whose values are shown to nobody, wherever they stand."""
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
_NOT_SETTINGS: Final = frozenset({"HERDBOOK_CONFIG", "HERDBOOK_CACHE", "HERDBOOK_FUZZ_S"})
_GUIDE: Final = "docs/guides/alpaca.md lists every key with its bounds."

type Key = tuple[str | int, ...]
"""Where a setting stands: names of tables and keys, and numbers, from 0, in arrays of tables."""
type KindOf = Callable[[str, str | None], type[Struct] | None]
"""The struct of a table whose kind is none of the array's own, by the array's key and the kind."""


class Given(NamedTuple):
    """One setting of the environment, and in what words to say where it comes from."""

    key: Key
    value: object
    source: str


class _Text(NamedTuple):
    """What a variable says, before anybody knows what for."""

    name: str
    text: str
    source: str


class _Leaf(NamedTuple):
    """A key that takes a value, and the type of it."""

    key: Key
    kind: Any


def has_settings(environ: Mapping[str, str]) -> bool:
    """Whether anything there is meant for a node."""
    return any(_texts(environ))


def settings_in(
    environ: Mapping[str, str], shape: type[Struct], document: Mapping[str, Any], kind_of: KindOf
) -> list[Given]:
    """Every setting in the environment, ordered so that tables of an array come by their number.

    `document` is what the file says, or nothing: it tells of what kind the tables are that
    variables change. Raises `ConfigError` for a variable that is no setting's, or not of its type.
    """
    texts = {one.name: one for one in _texts(environ)}
    names = _Names(shape, kind_of, texts, document)
    given = [_given(one, names) for one in texts.values()]
    by_key: dict[Key, Given] = {}
    for one in given:
        if (other := by_key.setdefault(one.key, one)) is not one:
            raise ConfigError(
                f"{other.source} and {one.source} both give one setting.", fix="Leave one out."
            )
    # A number before a name, so that no key is compared with one of the other sort.
    return sorted(given, key=lambda one: [(isinstance(part, str), part) for part in one.key])


def put(document: dict[str, Any], given: Given) -> None:
    """Write one setting into a document. Raises `ConfigError` for a table that leaves a gap."""
    here: Any = document
    for part, following in zip(given.key, given.key[1:], strict=False):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(part, str):
            here = here.setdefault(part, empty)
        else:
            if part > len(here):
                raise ConfigError(
                    f"{given.source}: there is no number {part - 1} before it.",
                    fix="Number them from 0 on, those of the file first, and leave none out.",
                )
            if part == len(here):
                here.append(empty)
            here = here[part]
        if not isinstance(here, type(empty)):  # the file's mistake, which its own check names
            return
    here[given.key[-1]] = given.value


def _texts(environ: Mapping[str, str]) -> Iterator[_Text]:
    for name, text in environ.items():
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS:
            yield _Text(name, text, name)
    folder = environ.get(CREDENTIALS)
    if folder is None:
        return
    for path in sorted(Path(folder).glob(f"{PREFIX.lower()}*")):
        name = path.name.upper()
        if name not in environ:
            yield _Text(name, _content(path, f"the credential {path.name}"), path.name)


def _given(one: _Text, names: "_Names") -> Given:
    leaf = names.leaf(one.name)
    if leaf is not None:
        return Given(leaf.key, _value(one, leaf), one.source)
    stem = one.name.removesuffix("_FILE")
    leaf = names.leaf(stem) if stem != one.name else None
    if leaf is not None and leaf.key[-1] in SECRETS:
        return Given(leaf.key, _content(Path(one.text), one.name), one.source)
    nearest = difflib.get_close_matches(one.name, names.all(), 1, cutoff=0)
    raise ConfigError(
        f"{one.source} is no setting of a node.",
        fix=f"The nearest is {nearest[0]}; unset it if it is meant for something else.",
    )


def _content(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"{source}: cannot read {path}: {reason}.", fix="Check the path and its rights."
        ) from error


def _value(one: _Text, leaf: _Leaf) -> object:
    """The text as what the key takes: text as it is, all else as it would stand in the file.

    Where a key takes either, it is text that can be nothing else.
    """
    members = [member for member in _members(leaf.kind) if member is not NoneType]
    texts = [member for member in members if _is_text(member)]
    value: object = one.text
    if len(texts) < len(members):
        try:
            value = _toml_value(one)
        except ConfigError:
            if not texts:
                raise
    try:
        msgspec.convert(value, leaf.kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{one.source}: {error}.", fix=_GUIDE) from error
    return value


def _toml_value(one: _Text) -> object:
    try:
        if "\n" not in one.text:
            return parse_toml(f"value = {one.text}")["value"]
    except ValueError:
        pass  # said below, as of what is more than one value
    raise ConfigError(
        f"{one.source}: “{one.text}” is no number, true, false or [list].",
        fix="Write it as it would stand in alpaca.toml.",
    )


def _path(kind: type, value: object) -> object:
    """What msgspec asks for types that are not its own: there are only paths."""
    return Path(value) if kind is Path and isinstance(value, str) else value


class _Names:
    """The names that variables can have: each key's place in upper case, joined by ``_``."""

    def __init__(
        self,
        shape: type[Struct],
        kind_of: KindOf,
        texts: Mapping[str, _Text],
        document: Mapping[str, Any],
    ) -> None:
        self._shape = shape
        self._kind_of = kind_of
        self._texts = texts
        self._document = document

    def leaf(self, name: str) -> _Leaf | None:
        """The key that a name stands for."""
        return next((leaf for found, leaf in self._walk(name) if found == name), None)

    def all(self) -> list[str]:
        """Every name, with the arrays as long as the variables and the file have them."""
        return [found for name in {PREFIX, *self._texts} for found, _ in self._walk(name)]

    def _walk(self, name: str) -> Iterator[tuple[str, _Leaf]]:
        """All names; in arrays of tables those of one table, the one that `name` has."""
        yield from self._of_struct(self._shape, PREFIX.removesuffix("_"), (), name)

    def _of_struct(
        self, struct: type[Struct], prefix: str, key: Key, name: str
    ) -> Iterator[tuple[str, _Leaf]]:
        tag = struct.__struct_config__.tag_field
        if tag is not None:
            yield f"{prefix}_{tag.upper()}", _Leaf((*key, tag), str)
        for field in msgspec.structs.fields(struct):
            here, inside = f"{prefix}_{field.encode_name.upper()}", (*key, field.encode_name)
            members = _members(field.type)
            tables = [member for member in members if _is_struct(member)]
            if tables:
                for table in tables:
                    yield from self._of_struct(table, here, inside, name)
            elif structs := [one for member in members for one in _tables_in(member)]:
                yield from self._of_table(field.encode_name, structs, here, inside, name)
            else:
                yield here, _Leaf(inside, field.type)

    def _of_table(
        self, array: str, structs: list[type[Struct]], prefix: str, key: Key, name: str
    ) -> Iterator[tuple[str, _Leaf]]:
        written = name.removeprefix(f"{prefix}_").split("_")[0]
        number = int(written) if name.startswith(f"{prefix}_") and written.isdecimal() else 0
        here, inside = f"{prefix}_{number}", (*key, number)
        kind = self._kind(array, here, number)
        struct = self._kind_of(array, kind) or next(
            (one for one in structs if kind is not None and one.__struct_config__.tag == kind), None
        )
        if struct is None:
            yield f"{here}_KIND", _Leaf((*inside, "kind"), str)
        else:
            yield from self._of_struct(struct, here, inside, name)

    def _kind(self, array: str, here: str, number: int) -> str | None:
        """What a table says of its kind: in the environment, else in the file."""
        if (said := self._texts.get(f"{here}_KIND")) is not None:
            return said.text
        tables = self._document.get(array)
        if not isinstance(tables, list) or number >= len(tables):
            return None
        table = tables[number]
        kind = table.get("kind") if isinstance(table, dict) else None
        return kind if isinstance(kind, str) else None


def _members(kind: Any) -> list[Any]:
    """The types of a union, or the one type, without bounds and names."""
    if isinstance(kind, TypeAliasType):
        return _members(kind.__value__)
    if origin_of(kind) is Annotated:
        return _members(arguments_of(kind)[0])
    if origin_of(kind) in {Union, UnionType}:
        return [member for part in arguments_of(kind) for member in _members(part)]
    return [kind]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _tables_in(kind: Any) -> list[type[Struct]]:
    """The structs that a list or tuple holds."""
    parts = arguments_of(kind) if origin_of(kind) in {tuple, list} else ()
    return [member for part in parts for member in _members(part) if _is_struct(member)]


def _is_text(kind: Any) -> bool:
    if origin_of(kind) is Literal:
        return any(isinstance(choice, str) for choice in arguments_of(kind))
    return isinstance(kind, type) and issubclass(kind, str | Path)
