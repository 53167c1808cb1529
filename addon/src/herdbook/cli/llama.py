"""``herdbook llama``: runs the Llama, and prints its token."""

import argparse
from pathlib import Path

from herdbook.cli.process import start_forgetful
from herdbook.cli.running import EXIT_DONE, until_stopped


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to the command line."""
    commands = parser.add_subparsers(title="commands", required=True)
    for name, description, run in (
        ("run", "run until stopped", _run),
        ("token", "print the token that Home Assistant needs", _token),
    ):
        command = commands.add_parser(name, help=description, description=description)
        command.add_argument(
            "--config", type=Path, required=True, metavar="FILE", help="the llama.toml"
        )
        command.set_defaults(run=run)


def _run(options: argparse.Namespace) -> int:
    start_forgetful()  # before the imports below, which take a second on a small machine

    from herdbook.llama import config

    settings = config.load(options.config)  # a wrong setting is said without that second

    from herdbook.llama import server

    def ready(panel: str, api: str) -> None:
        print(f"Herdbook Llama ready: panel {panel} api {api}", flush=True)

    return until_stopped(
        server.run(
            settings,
            settings.folder(options.config),
            on_ready=ready,
            model_folder=settings.model_folder(options.config),
        )
    )


def _token(options: argparse.Namespace) -> int:
    from herdbook.llama import config, token

    settings = config.load(options.config)
    print(token.load_or_create(settings.folder(options.config)))
    return EXIT_DONE
