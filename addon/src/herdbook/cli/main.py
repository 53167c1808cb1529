"""``herdbook``: starts a Llama or an Alpaca and answers small questions about them."""

import argparse
import sys

import herdbook
from herdbook.cli import alpaca, llama, log, model, vault
from herdbook.cli.plain import plain
from herdbook.cli.process import harden, log_to_stderr
from herdbook.cli.running import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_REFUSED
from herdbook.errors import HerdbookError, NodeUnavailable


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    harden()
    log_to_stderr(verbose=options.verbose)
    try:
        return int(options.run(options))
    except HerdbookError as error:
        print(f"herdbook: {plain(str(error))}", file=sys.stderr)
        return EXIT_FAILED if isinstance(error, NodeUnavailable) else EXIT_REFUSED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return EXIT_INTERRUPTED
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

    llama.add_commands(parts.add_parser("llama", help="the journal, the house book and the herd"))
    alpaca.add_commands(parts.add_parser("alpaca", help="a node: reads sensors, notices, reports"))
    log.add_commands(parts.add_parser("log", help="a node's event log: verify, show, export"))
    vault.add_commands(parts.add_parser("vault", help="backups of the vaults"))
    model.add_commands(parts.add_parser("model", help="the model for searching by meaning"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
