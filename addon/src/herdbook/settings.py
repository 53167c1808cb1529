"""Reading a configuration file. Owns TOML, checking against a struct, and words about mistakes.

And what more than one file has in it.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from herdbook.errors import ConfigError

_PATTERN: Final = "matching regex"


class Listener(Struct, frozen=True, forbid_unknown_fields=True):
    """An address to listen on; loopback unless told otherwise."""

    port: Annotated[int, Meta(ge=1, le=65535)]
    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"


def read_toml(path: Path) -> dict[str, Any]:
    """The document at `path`. Raises `ConfigError` when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}.",
            fix="Check the path after --config, and that this user may read the file.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", fix="Correct it at that place."
        ) from error


def check(value: object, kind: Any, path: Path, *, where: str = "", guide: str) -> Any:
    """`value` as a `kind`. Raises `ConfigError` naming the file, the place and the key.

    `guide` is the document that lists every key.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problem, _, key = str(error).partition(" - at `$")
        key = key.removesuffix("`").lstrip(".")
        named = f" at “{key}”" if key else ""
        if _PATTERN in problem:  # no expression is of help to whoever wrote the file
            problem = "This text is not of the form that is asked for"
        raise ConfigError(
            f"{path}{where}{named}: {problem}.", fix=f"{guide} lists every key with its bounds."
        ) from error
