"""``herdbook``: starts a Llama or an Alpaca and answers small questions about them."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Final

import herdbook
from herdbook.cli import log, model, neighbours, vault
from herdbook.cli.process import harden, log_to_stderr, start_forgetful
from herdbook.errors import ConfigError, HerdbookError

EXIT_FAILED: Final = 1
EXIT_REFUSED: Final = 2
"""What we were told or given cannot work; starting again will not help."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    harden()
    log_to_stderr(verbose=options.verbose)
    try:
        return int(options.run(options))
    except HerdbookError as error:
        print(f"herdbook: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("herdbook"):
            raise
        print(
            f"herdbook: {error.name} is missing, which this part needs. Install the part by name: "
            "“herdbook[llama]”, “herdbook[alpaca]”, or “herdbook[llama,alpaca]” for both here.",
            file=sys.stderr,
        )
        return EXIT_REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="herdbook", description=herdbook.__doc__)
    parser.add_argument("--version", action="version", version=herdbook.__version__)
    parser.add_argument("--verbose", action="store_true", help="log what is done in detail")
    parts = parser.add_subparsers(
        title="parts", required=True, metavar="llama | alpaca | log | vault | model"
    )

    llama = parts.add_parser("llama", help="the journal, the house book and the herd")
    commands = llama.add_subparsers(title="commands", required=True)
    _command(commands, "run", "run until stopped", "llama.toml", _llama_run)
    _command(commands, "token", "print the token that Home Assistant needs", "llama.toml", _token)

    alpaca = parts.add_parser("alpaca", help="a node: reads sensors, notices, reports")
    commands = alpaca.add_subparsers(title="commands", required=True)
    _command(commands, "run", "run until stopped", "alpaca.toml", _alpaca_run)
    _command(commands, "id", "print the node's id and fingerprint", "alpaca.toml", _alpaca_id)

    shown = _command(
        commands,
        "neighbours",
        "show what the others of the herd told",
        "alpaca.toml",
        neighbours.show,
    )
    shown.add_argument("--json", action="store_true", help="for programs: one object")

    log.add_commands(parts.add_parser("log", help="a node's event log: verify, show, export"))
    vault.add_commands(parts.add_parser("vault", help="backups of the vaults"))
    model.add_commands(parts.add_parser("model", help="the model for searching by meaning"))
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    description: str,
    file: str,
    run: object,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=description, description=description)
    command.add_argument("--config", type=Path, required=True, metavar="FILE", help=f"the {file}")
    command.set_defaults(run=run)
    return command


# Each part is imported by its own commands only: an Alpaca has no aiohttp, a Llama no psutil.


def _llama_run(options: argparse.Namespace) -> int:
    start_forgetful()  # before the imports below, which take a second on a small machine

    from herdbook.llama import config

    settings = config.load(options.config)  # a wrong setting is said without that second

    from herdbook.llama import server

    def ready(panel: str, api: str) -> None:
        print(f"Herdbook Llama ready: panel {panel} api {api}", flush=True)

    return _until_stopped(
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
    return 0


def _alpaca_run(options: argparse.Namespace) -> int:
    from herdbook.alpaca import agent, config

    def ready(node_id: str) -> None:
        print(f"Herdbook Alpaca ready: {node_id}", flush=True)

    return _until_stopped(agent.run(config.load(options.config), on_ready=ready))


def _alpaca_id(options: argparse.Namespace) -> int:
    from herdbook.alpaca import agent, config
    from herdbook.ids import fingerprint_of

    node_id = agent.node_id(config.load(options.config))
    print(f"{node_id} {fingerprint_of(node_id)}")
    return 0


def _until_stopped(work: Coroutine[object, object, None]) -> int:
    """Run until it ends by itself, or SIGINT or SIGTERM cancels it, which is a clean end."""

    async def run() -> int:
        task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return 0

    try:
        return asyncio.run(run())
    except* HerdbookError as group:
        # A task group of a part gives a group; the first error is the one that ended the rest.
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        print(f"herdbook: {error}", file=sys.stderr)
    return EXIT_REFUSED if isinstance(error, ConfigError) else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
