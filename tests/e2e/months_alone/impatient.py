"""The command `herdbook`, but a lost connection is tried again at once, however often it is lost.

Otherwise whoever is cut off fifty times in a minute waits a minute before the next try.
"""

import sys

from herdbook import broker
from herdbook.cli.main import main

broker._FIRST_RETRY_S = 0.05  # type: ignore[misc]
broker._SETTLED_S = 0.0  # type: ignore[misc]

if __name__ == "__main__":
    sys.exit(main())
