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
_STATE: Final = Path("/var/lib/herdbook")
# Who may use pins, buses and the firmware's mailbox; a unit that names a missing one never starts.
_GROUPS: Final = ("gpio", "i2c", "spi", "video")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What it can be told."""
    parser.add_argument("--user", default="herdbook", metavar="NAME", help="who runs it (herdbook)")
    parser.add_argument(
        "--command", type=Path, metavar="FILE", help="the program, when it is not this one"
    )


def unit(options: argparse.Namespace) -> int:
    """Print it. Raises `ConfigError` for a file that is there, and wrong."""
    from herdbook.alpaca.config import load

    config = (config_file.named_or_found(options) or config_file.SYSTEM_FILE).absolute()
    there = {group.gr_name for group in grp.getgrall()}
    text = unit_text(
        command=(options.command or Path(sys.argv[0])).absolute(),
        config=config,
        data=load(config).data if config.exists() else _STATE,
        user=options.user,
        groups=[group for group in _GROUPS if group in there],
    )
    print(msgspec.json.encode({"unit": text}).decode() if options.json else text, end="")
    return EXIT_DONE


def unit_text(*, command: Path, config: Path, data: Path, user: str, groups: list[str]) -> str:
    """The unit that runs `command` with a file, as a user who is in some groups, too.

    Credentials are those beside the file, where there is a folder for them. `data` is what it may
    write to beside systemd's own folder for it.
    """
    text = files("herdbook.cli").joinpath(NAME).read_text(encoding="utf-8")
    credentials = config.parent / _CREDENTIALS
    # What is named here and missing would keep it from starting.
    for unwanted, line in (
        (not groups, "SupplementaryGroups=@GROUPS@\n"),
        (not credentials.is_dir(), "LoadCredential=herdbook:@CREDENTIALS@\n"),
        (data.is_relative_to(_STATE), "ReadWritePaths=@DATA@\n"),
    ):
        text = text.replace(line, "") if unwanted else text
    for word, value in (
        ("@COMMAND@", shlex.quote(str(command)).replace("$", "$$")),
        ("@CONFIG@", shlex.quote(str(config)).replace("$", "$$")),
        ("@CREDENTIALS@", str(credentials)),
        ("@DATA@", shlex.quote(f"-{data}")),
        ("@USER@", user),
        ("@GROUPS@", " ".join(groups)),
    ):
        text = text.replace(word, value.replace("%", "%%"))  # % stands for what systemd knows
    return text
