"""What the models of nodes did, step by step, on the herd's page.

Only who has AI sees it: while a vault is locked nobody knows whether its person wants any.
"""

from itertools import groupby
from typing import Final

from herdbook.llama.opening import Opening
from herdbook.llama.panel.desk import Desk

_STEPS: Final = 100


async def shown(desk: Desk, opening: Opening) -> dict[str, object]:
    """What the part of the page with the thoughts shows: the newest conversation first."""
    if not desk.vaults.admits(opening) or not desk.vaults.glance(opening).meaning.is_on:
        return {"conversations": []}
    steps = await desk.book.thoughts(_STEPS)
    by_conversation = groupby(steps, lambda step: (step.node, step.conversation))
    return {"conversations": [list(its)[::-1] for _, its in by_conversation]}
