"""What is attached to this machine, as [[sensor]] tables that are ready to be written down.

For whoever makes an `alpaca.toml` or looks what could be in it; may take a few seconds.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct

from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.registry import Registry
from herdbook.errors import ConfigError

_LONGEST_ID: Final = 32


class Attached(Struct, frozen=True):
    """One thing: of which kind, what it is, and its table unless a person has to say more."""

    kind: str
    words: str
    table: dict[str, Any] | None


class Around(Struct, frozen=True):
    """All that was found, and what kept kinds from looking: a missing extra, a broken package."""

    found: list[Attached]
    broken: list[ConfigError]


def look_around(
    surroundings: Surroundings | None = None,
    *,
    kinds: Registry | None = None,
    taken: Collection[str] = (),
) -> Around:
    """Everything that any installed kind finds; ids differ from each other and those `taken`.

    Blocks; call it in a thread.
    """
    surroundings, kinds = surroundings or Surroundings(), kinds or Registry()
    around = Around([], [])
    ids = set(taken)
    for kind in kinds.kinds:
        try:
            found = kinds.discover(kind, surroundings)
        except ConfigError as error:
            around.broken.append(error)
            continue
        for one in found:
            table = None if one.table is None else _with_own_id(one.table, kind, ids)
            around.found.append(Attached(kind, one.words, table))
    return around


def _with_own_id(table: dict[str, Any], kind: str, ids: set[str]) -> dict[str, Any]:
    wanted = str(table.get("id", kind))
    own, number = wanted, 1
    while own in ids:
        number += 1
        ending = f"_{number}"
        own = wanted[: _LONGEST_ID - len(ending)] + ending
    ids.add(own)
    return table if own == wanted else table | {"id": own}
