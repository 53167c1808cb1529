"""What it costs to try a secret on a vault that is not there: as much as on one that is."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from herdbook.crypto.kdf import KdfParameters
from herdbook.errors import VaultError, WrongSecret
from herdbook.llama.attempts import Attempts
from herdbook.vault.folder import current_header
from herdbook.vault.header import decoy_header, unlock_with, wrong_secret


def try_none(attempts: Attempts, key: str, folders: Iterable[Path], secret: str) -> NoReturn:
    """Derive as one of the vaults in `folders` would have it, always the same for a name's `key`.

    Blocks for a key derivation, for two where that vault's keys are being changed. Raises
    `WrongSecret`.
    """
    costs = []
    for folder in folders:
        # A damaged header is its owner's to hear of.
        with suppress(VaultError):
            file = current_header(folder)
            costs.append((file.header.kdf.parameters(), len(file.generations())))
    cost, generations = attempts.choose(key, costs or [(KdfParameters(), 1)])
    for _ in range(generations):
        with suppress(WrongSecret):
            unlock_with(decoy_header(cost), secret)
    raise wrong_secret()
