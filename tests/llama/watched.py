"""`herdbook ARGUMENTS…` as it is, but it can be asked what it holds: test_memory.py does so.

Each line of standard input is a question, and each answer a line of JSON: `show` lets its own user
read its memory, as root can anyway, `held` counts what Python has of open vaults and has not freed,
`idle` lets everybody's time run out. Guesses cost as little as they may.
"""

import ctypes
import gc
import json
import sys
import threading
from collections import Counter

import apsw

from herdbook.cli.main import main
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, TIME_FLOOR, KdfParameters
from herdbook.journal.journal import Journal
from herdbook.llama import derivations, keys, opening, vaults
from herdbook.llama.panel.contents import Contents, Shown
from herdbook.llama.panel.field import Field
from herdbook.vault.database import Database
from herdbook.vault.vault import Draft, Vault

PR_SET_DUMPABLE = 4
KINDS = (
    *(apsw.Connection, Database, Vault, Draft, Journal, opening.OpenVault, keys.Change),
    *(Contents, Shown, Field),
)


def answer() -> None:
    for line in sys.stdin:
        said: object = None
        match line.strip():
            case "show":
                ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
            case "idle":
                opening._MINUTE_MS = 0
            case "held":
                # As it is: whether a collection would still find something is the question.
                said = Counter(
                    type(one).__name__ for one in gc.get_objects() if isinstance(one, KINDS)
                )
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    derivations.calibrate = lambda *_: KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1)
    vaults._CHECK_EVERY_S = 0.05
    threading.Thread(target=answer, daemon=True).start()
    sys.exit(main())
