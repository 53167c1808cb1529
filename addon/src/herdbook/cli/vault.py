"""``herdbook vault``: take backups of vaults, put them back, verify and salvage them.

None of these commands needs the Llama, and only ``import`` needs it stopped.
"""

import argparse
import asyncio
import getpass
from pathlib import Path
from typing import Final

from herdbook.errors import InputError, VaultDamaged

EXIT_WHOLE: Final = 0
EXIT_DAMAGED: Final = 1
"""The vault is damaged. Anything else that is wrong is the command line's `EXIT_REFUSED`."""


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to the command line."""
    commands = parser.add_subparsers(title="commands", required=True)

    export = commands.add_parser("export", help="copy a vault, sealed as it is, out of a Llama")
    _llama(export, required=True)
    export.add_argument("--person", required=True, metavar="NAME", help="whose vault")
    export.add_argument(
        "--to", type=Path, required=True, metavar="PATH", help="a new folder, or a file in .tar"
    )
    export.set_defaults(run=_export)

    bring = commands.add_parser("import", help="put an export into a Llama that is stopped")
    _llama(bring, required=True)
    bring.add_argument("source", type=Path, help="an export, or a vault's folder")
    bring.add_argument("--name", help="the person's name here, when not the one in the export")
    bring.set_defaults(run=_import)

    check = commands.add_parser("verify", help="tell whether a vault is as it was written")
    _source(check)
    check.set_defaults(run=_verify)

    rescue = commands.add_parser("salvage", help="make a new vault of what a damaged one holds")
    _source(rescue)
    rescue.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder")
    rescue.set_defaults(run=_salvage)


def _llama(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--config", type=Path, required=required, metavar="FILE", help="the llama.toml"
    )


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, nargs="?", help="an export, or a vault's folder")
    _llama(parser, required=False)
    parser.add_argument("--person", metavar="NAME", help="whose vault, with --config")
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="holds the password or the recovery code; asked for otherwise",
    )


# The Llama's part is imported by the commands that run: an Alpaca has none of it.


def _export(options: argparse.Namespace) -> int:
    from herdbook.clock import SystemClock
    from herdbook.llama import backup

    backup.export_person(_data(options.config), options.person, options.to, SystemClock())
    print(f"Exported to {options.to}. It is sealed: its README.txt tells how to open it.")
    return EXIT_WHOLE


def _import(options: argparse.Namespace) -> int:
    from herdbook.llama import backup

    person = asyncio.run(backup.import_vault(_data(options.config), options.source, options.name))
    print(f"Imported as “{person.name}”. The password and the recovery code are the same as ever.")
    return EXIT_WHOLE


def _verify(options: argparse.Namespace) -> int:
    from herdbook.llama import backup

    source = _path(options)
    try:
        report = backup.verify_vault(source, _secret(options))
    except VaultDamaged as error:
        print(f"Damaged: {error}")
        return EXIT_DAMAGED
    for problem in report.problems:
        print(f"Damaged: {problem}")
    print(f"{report.pages} pages, {report.drops} drops in the inbox.")
    if report.refused_drops:
        print(f"{report.refused_drops} drops in the inbox are not for this vault and stay unread.")
    if report.frames_ignored:
        print(f"{report.frames_ignored} frames of the log were never committed and do not count.")
    if report.only_derived:
        print(
            "No entry is damaged: only what is made out of entries again, for searching. "
            "“herdbook vault salvage” makes it anew, and loses nothing."
        )
        return EXIT_DAMAGED
    if report.problems:
        print("Restore a backup; “herdbook vault salvage” saves what can be read.")
        return EXIT_DAMAGED
    print("Everything is as it was written.")
    return EXIT_WHOLE


def _salvage(options: argparse.Namespace) -> int:
    from herdbook.llama import backup

    result = backup.salvage_vault(_path(options), _secret(options), options.to)
    for table, count in result.saved.items():
        lost = result.lost.get(table, 0)
        more = ", perhaps more" if table in result.doubtful else ""
        print(f"{table}: {count} rows saved, {lost} known to be lost{more}")
    if not result.inbox_kept:
        print("The inbox's key is lost, and with it the drops that waited. New ones will open.")
    print("What is searched by is made anew, out of the entries.")
    if not result.lost and not result.doubtful and result.inbox_kept:
        print("Nothing that was written is lost.")
    print(f"{len(result.damaged_pages)} damaged pages. The new vault is in {options.to}.")
    return EXIT_DAMAGED if result.damaged_pages else EXIT_WHOLE


def _data(config: Path) -> Path:
    from herdbook.llama.config import load

    return load(config).folder(config)


def _path(options: argparse.Namespace) -> Path:
    from herdbook.llama import backup

    if options.source is not None and options.config is None and options.person is None:
        return Path(options.source)
    if options.source is None and options.config is not None and options.person is not None:
        return backup.folder_of(_data(options.config), options.person)
    raise InputError(
        "Which vault?", fix="Name an export or a vault's folder, or else --config and --person."
    )


def _secret(options: argparse.Namespace) -> str:
    if options.password_file is None:
        return getpass.getpass("Password or recovery code: ")
    try:
        text: str = options.password_file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"Cannot read {options.password_file}: {error}.") from error
    return text.rstrip("\r\n")
