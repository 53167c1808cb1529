"""``herdbook alpaca unit``: the systemd unit for the Herdbook that is installed here."""

import argparse
import grp
import shlex
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from herdbook.cli import config_file
from herdbook.cli.running import EXIT_DONE

NAME: Final = "herdbook-alpaca.service"
_CREDENTIALS: Final = "credentials"
# Who may use pins, buses and the firmware's mailbox; a unit that names a missing one never starts.
_GROUPS: Final = ("gpio", "i2c", "spi", "video")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What it can be told."""
    parser.add_argument("--user", default="herdbook", metavar="NAME", help="who runs it (herdbook)")
    parser.add_argument(
        "--command", type=Path, metavar="FILE", help="the program, when it is not this one"
    )


def unit(options: argparse.Namespace) -> int:
    """Print it."""
    config = (options.config or config_file.SYSTEM_FILE).absolute()
    there = {group.gr_name for group in grp.getgrall()}
    text = unit_text(
        command=(options.command or Path(sys.argv[0])).absolute(),
        config=config,
        user=options.user,
        groups=[group for group in _GROUPS if group in there],
    )
    print(msgspec.json.encode({"unit": text}).decode() if options.json else text, end="")
    return EXIT_DONE


def unit_text(*, command: Path, config: Path, user: str, groups: list[str]) -> str:
    """The unit that runs `command` with a file, as a user who is in some groups, too."""
    text = files("herdbook.cli").joinpath(NAME).read_text(encoding="utf-8")
    if not groups:
        text = text.replace("SupplementaryGroups=@GROUPS@\n", "")
    # In a unit, % stands for what systemd knows, $ for a variable.
    escaped = [shlex.quote(str(path)).replace("%", "%%") for path in (command, config)]
    for word, value in (
        ("@COMMAND@", escaped[0].replace("$", "$$")),
        ("@CONFIG@", escaped[1].replace("$", "$$")),
        ("@CREDENTIALS@", str(config.parent / _CREDENTIALS).replace("%", "%%")),
        ("@USER@", user),
        ("@GROUPS@", " ".join(groups)),
    ):
        text = text.replace(word, value)
    return text
