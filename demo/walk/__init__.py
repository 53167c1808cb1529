"""The main job, end to end, as steps that each see one thing with their own eyes.

Owns what is walked; `demo.check` prints it and tests/e2e runs the same steps as tests.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from demo.walk import card, house, inbox, person
from demo.walk.visit import Visit

type Step = Callable[[Visit], Awaitable[str]]

STEPS: Final[tuple[Step, ...]] = (
    person.creates_a_vault,
    person.writes,
    person.locks_and_unlocks,
    person.finds_it_after_a_restart,
    person.keeps_it_unreadable,
    house.announces_itself_once,
    house.shows_its_sensors,
    house.notices,
    house.survives_a_broken_broker,
    inbox.writes_while_locked,
    card.follows_live,
)
