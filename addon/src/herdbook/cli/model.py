"""``herdbook model``: brings the model for searching by meaning, when asked to and never else."""

import argparse
import sys
from pathlib import Path
from typing import Final, Self

from herdbook.errors import ConfigError

_EXIT_STOPPED: Final = 1
_WIDTH: Final = 30
_MEGABYTE: Final = 1_000_000


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to the command line."""
    commands = parser.add_subparsers(title="commands", required=True)
    description = "download the model into the folder that llama.toml names"
    fetch = commands.add_parser("fetch", help=description, description=description)
    fetch.add_argument("--config", type=Path, required=True, metavar="FILE", help="the llama.toml")
    fetch.set_defaults(run=_fetch)


def _fetch(options: argparse.Namespace) -> int:
    from herdbook.embedding import fetch
    from herdbook.llama import config

    settings = config.load(options.config)
    if not settings.ai:
        raise ConfigError(
            f"{options.config} has AI switched off.",
            fix="Take “ai = false” out of it first.",
        )
    folder = settings.model_folder(options.config)
    if folder is None:
        raise ConfigError(
            f"{options.config} names no folder for a model.",
            fix='Add “[search]” and below it “model = "model"”.',
        )
    size = sum(file.size for file in fetch.FILES)
    print(f"{fetch.NAME}, {_megabytes(size)}, from {settings.search.source}")
    try:
        with _Bar() as bar:
            fetched = fetch.fetch(folder, settings.search.source, progress=bar.show)
    except KeyboardInterrupt:
        print("Stopped. Run it again, and it goes on from here.", file=sys.stderr)
        return _EXIT_STOPPED
    print(f"It is in {folder}." if fetched else f"It is in {folder} already, whole.")
    return 0


class _Bar:
    """A bar in a terminal, whose line it leaves at its end; elsewhere a line at every tenth."""

    def __init__(self) -> None:
        self._shown = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown >= 0 and sys.stderr.isatty():
            print(file=sys.stderr)

    def show(self, done: int, total: int) -> None:
        percent = 100 * done // total
        step = percent if sys.stderr.isatty() else percent // 10
        if step == self._shown:
            return
        self._shown = step
        text = f"{percent:3} %  {_megabytes(done)} of {_megabytes(total)}"
        if sys.stderr.isatty():
            full = _WIDTH * done // total
            text = f"\r[{'#' * full}{'.' * (_WIDTH - full)}] {text}"
        print(text, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB"
