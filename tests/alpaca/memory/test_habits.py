"""Which hours are a habit: what is crisp is found, what is by chance is not."""

import random
from collections.abc import Mapping
from datetime import UTC, date
from pathlib import Path

import pytest
from msgspec import Struct

from herdbook.alpaca.memory.habits import Habits, Run, facts_of, usual_hours
from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.noticer import LearnedState
from herdbook.alpaca.noticing.states import Day
from herdbook.alpaca.record import Record
from herdbook.embedding.model import Model
from tests.fakes.clock import ManualClock

ALL = 2**24 - 1
MONDAY = (date(2026, 5, 11) - date(1970, 1, 1)).days


def hours(*which: int) -> int:
    return sum(1 << hour for hour in which)


def weeks(weekday: int, weekend: int, known: int = ALL) -> dict[int, Day]:
    """Six weeks from a Monday on, each day of its kind alike."""
    return {
        MONDAY + day: Day(on=weekday if day % 7 < 5 else weekend, known=known) for day in range(42)
    }


def learned(days: dict[int, Day]) -> LearnedState:
    return LearnedState("boiler_runs", "Boiler", days)


def test_the_days_are_what_they_are_called() -> None:
    facts = facts_of(learned(weeks(hours(6, 7), hours(9))), MONDAY + 42, "en")
    assert [(one.aspect, one.value) for one in facts] == [
        ("usual hours on weekdays", "06:00 to 08:00"),
        ("usual hours on weekends", "09:00 to 10:00"),
    ]
    assert facts[0].sentence == "Boiler is usually on between 06:00 and 08:00 on weekdays."
    assert {one.source for one in facts} == {"arithmetic"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Boiler ist werktags gewöhnlich zwischen 06:00 und 08:00, 17:00 und 18:00 an."),
        ("nl", "Boiler is doordeweeks meestal aan tussen 06:00 en 08:00, 17:00 en 18:00."),
        ("es", "Boiler suele estar activo entre 06:00 y 08:00, 17:00 y 18:00 entre semana."),
        ("fr", "Boiler est d’habitude actif entre 06:00 et 08:00, 17:00 et 18:00 en semaine."),
    ],
)
def test_it_is_said_in_each_language(language: str, said: str) -> None:
    [fact] = facts_of(learned(weeks(hours(6, 7, 17), 0)), MONDAY + 42, language)
    assert fact.sentence == said


def test_an_exception_or_two_change_nothing_and_more_do() -> None:
    days = list(weeks(hours(6, 7), hours(6, 7)).values())[:20]
    for day in days[:3]:
        day.on = hours(12)
    assert usual_hours(days, 20) == [Run(6, 8, 0.85)]
    days[3].on = 0
    assert usual_hours(days, 20) == []


def test_what_is_not_crisp_is_not_said() -> None:
    days = list(weeks(hours(6, 7), 0).values())[:20]
    for day in days[:3]:
        day.on |= hours(8)
    assert usual_hours(days, 20) == []


def test_too_little_is_known() -> None:
    gone = weeks(hours(6, 7), hours(6, 7), known=ALL & ~hours(8))
    assert facts_of(learned(gone), MONDAY + 42, "en") == []
    young = dict(list(weeks(hours(6, 7), 0).items())[20:])
    assert facts_of(learned(young), MONDAY + 42, "en") == []
    # Months ago it was so.
    assert facts_of(learned(weeks(hours(6, 7), 0)), MONDAY + 80, "en") == []


@pytest.mark.parametrize("on", [0, ALL, hours(0, 1), hours(22, 23)])
def test_always_never_and_over_midnight_are_no_hours(on: int) -> None:
    assert facts_of(learned(weeks(on, on)), MONDAY + 42, "en") == []


def test_chance_is_no_habit() -> None:
    rng = random.Random(7)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        for _ in range(400):
            on = [hours(*(h for h in range(24) if rng.random() < share)) for _ in range(42)]
            days = {MONDAY + n: Day(on=one, known=ALL) for n, one in enumerate(on)}
            assert facts_of(learned(days), MONDAY + 42, "en") == [], share


class Watching(Struct):
    """What an Alpaca has learned, on some day."""

    days: Mapping[int, Day]
    today: int

    def learned_states(self) -> list[LearnedState]:
        return [learned(dict(self.days)), LearnedState("x" * 99, "X", dict(self.days))]

    def now(self, pace: float) -> tuple[float, float]:
        return 0.0, (self.today + 0.5) * 86_400


async def test_a_habit_becomes_a_fact_and_is_confirmed_while_it_lasts(tmp_path: Path) -> None:
    clock = ManualClock()
    record = await Record.open(tmp_path, clock)
    memories = await Memories.open(tmp_path, "Hallway", record, clock, UTC, Model())
    watching = Watching(weeks(hours(6, 7), 0), MONDAY + 42)
    habits = Habits(watching, memories, "en")
    for _ in range(3):
        await habits.propose()
    [fact] = await memories.facts()
    assert (fact.value, fact.confirmed) == ("06:00 to 08:00", 1)
    watching.today += 1
    clock.advance(86_400_000)
    await habits.propose()
    assert (await memories.facts())[0].confirmed == 2
    await memories.review(fact.subject, fact.aspect, fact.value, "wrong")
    watching.days = weeks(hours(7, 8), 0)
    watching.today += 1
    clock.advance(86_400_000)
    await habits.propose()
    [fact] = await memories.facts()
    assert (fact.value, fact.verdict) == ("06:00 to 08:00", "wrong"), "it does not guess again"
    await memories.close()
    await record.close()
