"""``herdbook alpaca``: its commands, and those of them that need few words."""

import argparse
import os
from collections.abc import Callable
from functools import partial

import msgspec

from herdbook.cli import answers, config_file, events, init, neighbours, page, settings, unit
from herdbook.cli.running import EXIT_DONE, until_stopped
from herdbook.systemd import Supervisor

type Run = Callable[[argparse.Namespace], int]


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to the command line."""
    commands = parser.add_subparsers(title="commands", required=True)
    command = partial(_command, commands)

    init.add_options(command("init", "ask what it has to know, and write alpaca.toml", init.init))
    command("run", "run until stopped", _run)
    command("id", "print the node's id and fingerprint", _id)
    command("status", "show how the running node is", answers.status)
    command("sensors", "show what the running node's sensors read", answers.sensors)
    events.add_options(command("logs", "show the last events, and those to come", events.logs))
    command("observe", "have the running node say what it sees now", answers.observe)
    asked = command("recall", "ask the running node what it remembers", answers.recall)
    asked.add_argument("words", nargs="+", metavar="WORD", help="what about")
    asked = command("ask", "ask the running node's model something", answers.ask)
    asked.add_argument("words", nargs="+", metavar="WORD", help="the question")
    command("page", "print where the node's own page is, and its token", page.show)
    unit.add_options(command("unit", "print a systemd unit for what is installed here", unit.unit))
    command("neighbours", "show what the others of the herd told", neighbours.show)
    words = "its settings"
    inside = commands.add_parser("config", help=words, description=words)
    _command(
        inside.add_subparsers(title="commands", required=True),
        "check",
        "show what is in force, where it comes from, and whether it works",
        settings.check,
    )


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    description: str,
    run: Run,
) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=description, description=description)
    config_file.add_option(added)
    added.add_argument("--json", action="store_true", help="for programs")
    added.set_defaults(run=run)
    return added


# Each part is imported by its own commands only: an Alpaca has no SQLite3MC, a Llama no psutil.


def _run(options: argparse.Namespace) -> int:
    from herdbook.alpaca import agent

    def ready(node_id: str) -> None:
        said = msgspec.json.encode({"ready": node_id}).decode()
        print(said if options.json else f"Herdbook Alpaca ready: {node_id}", flush=True)

    settings = config_file.settings_of(options)
    return until_stopped(agent.run(settings, on_ready=ready, supervisor=Supervisor.of(os.environ)))


def _id(options: argparse.Namespace) -> int:
    from herdbook.alpaca import agent
    from herdbook.ids import fingerprint_of

    node_id = agent.node_id(config_file.settings_of(options))
    if options.json:
        found = {"node_id": node_id, "fingerprint": fingerprint_of(node_id)}
        print(msgspec.json.encode(found).decode())
    else:
        print(f"{node_id} {fingerprint_of(node_id)}")
    return EXIT_DONE
