"""What a day's page shows of the house. Asks the house book; answers no request."""

import logging
from collections.abc import Iterable
from datetime import date
from hashlib import blake2b

from herdbook.errors import HerdbookError
from herdbook.house.observation import Observation
from herdbook.llama.panel.desk import Desk

_LOGGER = logging.getLogger(__name__)


async def noticed_on(desk: Desk, day: date) -> dict[str, object]:
    """What the house noticed that day, newest first; None when the house book does not answer."""
    observations: list[Observation] | None = []
    # A clock that is ahead notices nothing on a day that has not come.
    if day <= desk.today():
        try:
            observations = (await desk.herd.observations(day))[::-1]
        except HerdbookError as error:
            # Writing must go on without the house.
            _LOGGER.warning("The day page shows no observations: %s", error)
            observations = None
    mark = "none" if observations is None else mark_of(one.id for one in observations)
    return {"observations": observations, "house_mark": mark}


def mark_of(ids: Iterable[str]) -> str:
    """By which a page says what it shows; it tells nothing to anybody else."""
    return blake2b(" ".join(ids).encode(), digest_size=8).hexdigest()
