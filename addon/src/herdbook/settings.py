"""Reading a configuration file. Owns TOML, checking against a struct, and words about mistakes.

And what more than one file has in it.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from herdbook.errors import ConfigError

_MOST_BYTES: Final = 1024 * 1024
_PATTERN: Final = "matching regex"


class Listener(Struct, frozen=True, forbid_unknown_fields=True):
    """An address to listen on; loopback unless told otherwise."""

    port: Annotated[int, Meta(ge=1, le=65535)]
    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"

    def __post_init__(self) -> None:
        require_host(self.host)


def require_host(host: str) -> None:
    """Raises `ValueError` for what no machine can be called, and no look-up can be asked for."""
    try:
        fits = b"\0" not in host.encode("idna")
    except UnicodeError:
        fits = False
    if not fits:
        raise ValueError("“host” is neither a name nor an address")


def read_toml(path: Path) -> dict[str, Any]:
    """The document at `path`. Raises `ConfigError` when it cannot be read or is not TOML."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except PermissionError as error:
        raise ConfigError(
            f"This user may not read {path}.",
            fix="Put sudo before the command, or run it as whose file it is.",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}.", fix="Check the path after --config."
        ) from error
    if len(data) > _MOST_BYTES:
        raise ConfigError(
            f"{path} has more than {_MOST_BYTES:,} bytes.", fix="Name a file of settings."
        )
    try:
        return parse_toml(data.decode())
    except ValueError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", fix="Correct it at that place."
        ) from error


def parse_toml(text: str) -> dict[str, Any]:
    """The document that a text is. Raises `ValueError`, with the place where there is one."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def path_in(folder: Path, text: str, path: Path, key: str) -> Path:
    """What the file at `path` names by `key`: taken from `folder` where it is relative.

    Raises `ConfigError` for what is no path.
    """
    try:
        if "\0" in text:
            raise ConfigError(f"{path} at “{key}”: This is no path.", fix="Write another.")
        return folder / Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"{path} at “{key}”: There is no such folder as {text}.",
            fix="Write the whole path, beginning with “/”.",
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
