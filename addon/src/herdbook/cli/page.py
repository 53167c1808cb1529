"""``herdbook alpaca page``: where a node's own page is, and what opens it."""

import argparse
import json

from herdbook.cli.config_file import settings_of
from herdbook.cli.running import EXIT_DONE
from herdbook.errors import ConfigError


def show(options: argparse.Namespace) -> int:
    """Print the addresses and the token. Raises `ConfigError` for a node that shows no page."""
    from herdbook.alpaca.page.addresses import addresses_of
    from herdbook.alpaca.page.secret import load_or_create

    settings = settings_of(options)
    if settings.page is None:
        raise ConfigError(
            f"The settings of {settings.name} have no [page]: this node shows none.",
            fix="Write the line [page] at the end of the file, and start the node again.",
        )
    addresses = addresses_of(settings.page)
    token = load_or_create(settings.data)
    if options.json:
        print(json.dumps({"address": addresses[0], "addresses": addresses, "token": token}))
    else:
        for address in addresses:
            print(f"Open  {address}")
        print(f"Token {token}")
    return EXIT_DONE
