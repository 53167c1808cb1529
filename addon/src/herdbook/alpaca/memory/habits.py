"""Facts that arithmetic finds: at which hours something usually is on, on weekdays and at weekends.

Of the six weeks before today, what was learned says in which hours a yes-or-no sensor was on. A
*habit* are hours in a row in which it was on, at some time, on at least 85 of 100 days of their
kind, while in the hour before and in the hour after it was on at most 10 of 100. Each of these
hours must be known on 20 weekdays or on 8 days of weekends. Where that is not so crisp, nothing is
said: did a coin decide anew in each hour of just 8 days, such hours would turn up once in 80,000
times.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from herdbook.alpaca.memory.memories import Memories, Proposal
from herdbook.alpaca.words.language import Code
from herdbook.errors import InputError, StorageError

type Days = Literal["weekdays", "weekends"]

_WEEKS_DAYS: Final = 42
_LEAST: Final[dict[Days, int]] = {"weekdays": 20, "weekends": 8}
_USUAL: Final = 0.85
_RARE: Final = 0.1
_LONGEST: Final = 16
_MOST_RUNS: Final = 3
_FRIDAY: Final = 4
_THURSDAY: Final = 3
"""What 1970-01-01 was, Monday being 0."""
_LOOK_EVERY_S: Final = 3600.0
_DAY_S: Final = 86_400.0

_WORDS: Final[dict[Code, dict[Days, str]]] = {
    "en": {
        "weekdays": "{name} is usually on between {hours} on weekdays.",
        "weekends": "{name} is usually on between {hours} at weekends.",
    },
    "de": {
        "weekdays": "{name} ist werktags gewöhnlich zwischen {hours} an.",
        "weekends": "{name} ist am Wochenende gewöhnlich zwischen {hours} an.",
    },
    "es": {
        "weekdays": "{name} suele estar activo entre {hours} entre semana.",
        "weekends": "{name} suele estar activo entre {hours} los fines de semana.",
    },
    "fr": {
        "weekdays": "{name} est d’habitude actif entre {hours} en semaine.",
        "weekends": "{name} est d’habitude actif entre {hours} le week-end.",
    },
    "nl": {
        "weekdays": "{name} is doordeweeks meestal aan tussen {hours}.",
        "weekends": "{name} is in het weekend meestal aan tussen {hours}.",
    },
}
_AND: Final[dict[Code, str]] = {"en": "and", "de": "und", "es": "y", "fr": "et", "nl": "en"}

_log = logging.getLogger(__name__)


class Day(Protocol):
    """A local day: one bit for each hour in which it was on, and was read at all."""

    @property
    def on(self) -> int:
        """The hours in which it was on at some time."""

    @property
    def known(self) -> int:
        """The hours in which it was read."""


class Learned(Protocol):
    """What is known of one yes-or-no sensor, as `herdbook.alpaca.noticer.LearnedState`."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def days(self) -> Mapping[int, Day]:
        """By local days, counted since 1970."""


class Observers(Protocol):
    """Whoever learns."""

    def learned_states(self) -> Sequence[Learned]:
        """What is known of every yes-or-no sensor."""

    def now(self, pace: float) -> tuple[float, float]:
        """Seconds that never go back, and what a clock on the wall shows."""


class Run(NamedTuple):
    """Hours in a row, from the first to before the last; and how sure that they are usual."""

    first: int
    last: int
    sure: float


class Habits:
    """Proposes what became a habit, once a day. Use `run` as a task."""

    def __init__(self, observers: Observers, memories: Memories, language: Code) -> None:
        self._observers = observers
        self._memories = memories
        self._language = language
        self._done: int | None = None

    async def run(self) -> None:
        """Look every hour whether a new day has begun, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self.propose()
            except StorageError as error:
                _log.warning("What became a habit has to wait: %s", error)

    async def propose(self) -> None:
        """Propose what is a habit by now, unless that was done today. Raises `StorageError`."""
        today = int(self._observers.now(1)[1] // _DAY_S)
        if today == self._done:
            return
        for one in self._observers.learned_states():
            for fact in facts_of(one, today, self._language):
                try:
                    await self._memories.propose(fact)
                except InputError as error:
                    _log.info("A habit of %s is no fact: %s", one.id, error)
        self._done = today


def facts_of(learned: Learned, today: int, language: Code) -> list[Proposal]:
    """What is usual of one sensor on the days before a local one."""
    kinds: tuple[Days, ...] = ("weekdays", "weekends")
    found = []
    for kind in kinds:
        runs = usual_hours(_days_of(learned.days, today, kind), _LEAST[kind])
        if not 0 < len(runs) <= _MOST_RUNS:
            continue
        joined = f" {_AND[language]} "
        hours = ", ".join(f"{one.first:02}:00{joined}{one.last:02}:00" for one in runs)
        sentence = _WORDS[language][kind].format(name=learned.name, hours=hours)
        value = ", ".join(f"{one.first:02}:00 to {one.last:02}:00" for one in runs)
        sure = min(one.sure for one in runs)
        found.append(
            Proposal(learned.id, f"usual hours on {kind}", value, sentence, sure, "arithmetic")
        )
    return found


def usual_hours(days: Sequence[Day], least: int) -> list[Run]:
    """The runs of hours that are a habit, where each hour was known on so many days."""
    shares = [_share(days, hour, least) for hour in range(24)]
    runs: list[Run] = []
    hour = 0
    while hour < 24:
        if not _is_usual(shares[hour]):
            hour += 1
            continue
        first = hour
        while hour < 24 and _is_usual(shares[hour]):
            hour += 1
        # Over midnight it would be another day's: the hours of one day end it.
        if first == 0 or hour == 24 or hour - first > _LONGEST:
            continue
        before, after = shares[first - 1], shares[hour]
        if before is None or after is None or max(before, after) > _RARE:
            continue
        usual = min(share for share in shares[first:hour] if share is not None)
        runs.append(Run(first, hour, round(usual * (1 - max(before, after)), 2)))
    return runs


def _is_usual(share: float | None) -> bool:
    return share is not None and share >= _USUAL


def _share(days: Iterable[Day], hour: int, least: int) -> float | None:
    """On which part of the days it was on in an hour; None where too few are known."""
    known = [day for day in days if day.known >> hour & 1]
    if len(known) < least:
        return None
    return sum(day.on >> hour & 1 for day in known) / len(known)


def _days_of(days: Mapping[int, Day], today: int, kind: Days) -> list[Day]:
    return [
        day
        for number, day in days.items()
        if today - _WEEKS_DAYS <= number < today
        and ((number + _THURSDAY) % 7 <= _FRIDAY) == (kind == "weekdays")
    ]
