"""``herdbook alpaca page``: where a node's own page is, and what opens it."""

import argparse
import json

from herdbook.cli.config_file import settings_of
from herdbook.cli.running import EXIT_DONE
from herdbook.errors import ConfigError


def show(options: argparse.Namespace) -> int:
    """Print the address and the token. Raises `ConfigError` for a node that shows no page."""
    from herdbook.alpaca.page.secret import load_or_create

    settings = settings_of(options)
    if settings.page is None:
        raise ConfigError(
            f"The settings of {settings.name} have no [page]: this node shows none.",
            fix="Add a [page] table; docs/guides/alpaca.md says what may stand in it.",
        )
    token = load_or_create(settings.data)
    if options.json:
        print(json.dumps({"address": settings.page.address, "token": token}))
    else:
        print(f"Open  {settings.page.address}")
        print(f"Token {token}")
    return EXIT_DONE
