"""Who may read a vault that is open: whoever unlocked it, for as long as they use it.

A vault that is open is not open to everybody of its person's: a browser that was left behind when
the vault locked does not read again because another one unlocked it.
"""

from dataclasses import dataclass, field
from typing import Final

from herdbook.journal.journal import Journal
from herdbook.llama.people import Person
from herdbook.vault.vault import Vault

IDLE_LIMIT_MS: Final = 15 * 60_000
"""Without use, an opening ends; the vault locks with its last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What one unlock gives. It opens nothing any more once the vault has locked."""

    person: Person


@dataclass(slots=True)
class OpenVault:
    """An unlocked vault, and when each of its openings was last used, in monotonic ms."""

    vault: Vault
    journal: Journal
    used_ms: dict[Opening, int] = field(default_factory=dict)

    def end_idle(self, now: int) -> bool:
        """End the openings that nobody uses; whether none is left."""
        for opening in [one for one, used in self.used_ms.items() if now - used >= IDLE_LIMIT_MS]:
            del self.used_ms[opening]
        return not self.used_ms
