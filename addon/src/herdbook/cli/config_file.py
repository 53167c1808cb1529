"""Which `alpaca.toml` a command means, when it does not say."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herdbook.errors import ConfigError

if TYPE_CHECKING:
    from herdbook.alpaca.config import AlpacaConfig

VARIABLE: Final = "HERDBOOK_CONFIG"
SYSTEM_FILE: Final = Path("/etc/herdbook/alpaca.toml")
USER_FILE: Final = Path("~/.config/herdbook/alpaca.toml")
_PLACES: Final = (Path("alpaca.toml"), USER_FILE, SYSTEM_FILE)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a command be told by ``--config``."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the alpaca.toml; else ${VARIABLE}, or the first there is of "
        f"{', '.join(f'./{place}' if place == _PLACES[0] else str(place) for place in _PLACES)}",
    )


def settings_of(options: argparse.Namespace) -> "AlpacaConfig":
    """What is in force for a command. Raises `ConfigError`."""
    from herdbook.alpaca import config

    return config.load(chosen(options), os.environ)


def chosen(options: argparse.Namespace) -> Path | None:
    """The file that was named, or else found, which is then said on standard error.

    None: there is no file, and the environment holds settings. Raises `ConfigError` when there is
    neither.
    """
    from herdbook.alpaca.environment import has_settings

    if (file := named_or_found(options)) is not None:
        return file
    if has_settings(os.environ):
        print("herdbook: The settings are those of the environment alone.", file=sys.stderr)
        return None
    places = [str(place.expanduser().absolute()) for place in _PLACES]
    raise ConfigError(
        f"There is no alpaca.toml: looked for {', '.join(places)}.",
        fix="Make one with “herdbook alpaca init”, or name yours with --config.",
    )


def named_or_found(options: argparse.Namespace) -> Path | None:
    """The file that was named, or else found, which is then said. None: there is none."""
    named: Path | None = options.config
    if named is not None:
        return named
    found = _found()
    if found is not None:
        print(f"herdbook: The settings are those of {found}.", file=sys.stderr)
    return found


def _found() -> Path | None:
    if (named := os.environ.get(VARIABLE)) is not None:
        return Path(named)
    return next((path for place in _PLACES if _is_there(path := place.expanduser())), None)


def _is_there(path: Path) -> bool:
    """Whether there is such a file, or something that this user may not look into."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True
