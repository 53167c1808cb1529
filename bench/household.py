"""A made-up journal with questions and the entries that answer them, the same at every run.

Each subject is told in two to four entries, in different words, within small talk that all entries
share. The questions, in `household.txt`, are as people ask: in words of their own, by names and
things that they remember, or for a person with whom they did what they do with others, too. Most
subjects have neighbours that are about nearly the same, or in the same words, and answer nothing.
"""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec


class Written(msgspec.Struct, frozen=True):
    """An entry."""

    id: str
    day: date
    text: str


class Asked(msgspec.Struct, frozen=True):
    """A question, and the ids of the entries that answer it."""

    query: str
    relevant: frozenset[str]


_TEXTS: Final = Path(__file__).with_suffix(".txt")
FIRST_DAY: Final = date(2021, 3, 1)
_BEFORE: Final = (
    "Woke up early.",
    "Grey sky all morning.",
    "A long day at work.",
    "Slept badly.",
    "The sun came out after lunch.",
    "Nobody felt like getting up.",
    "Quiet day today.",
    "Busy, as always on a Tuesday.",
    "Rain, then wind, then rain.",
    "Coffee on the step before anyone was awake.",
)
_AFTER: Final = (
    "Early to bed.",
    "We had soup and watched something silly.",
    "Must call my sister tomorrow.",
    "The washing is still not folded.",
    "Read a few pages and fell asleep.",
    "Pancakes for dinner.",
    "Tomorrow is bin day.",
    "Too tired to write more.",
    "The kids were loud but happy.",
    "Walked around the block after dinner.",
)
_PEOPLE: Final = (
    *("Tamsin", "Rohan", "Ilse", "Wendell", "Priya", "Marek", "Saoirse", "Bartholomew", "Nkechi"),
    *("Yusuf", "Annelies", "Teodor", "Xiomara", "Gudrun", "Lorcan", "Fenna", "Dmitri", "Oluwaseun"),
    *("Maren", "Casimir", "Bettina", "Hiroshi", "Ottilie", "Emrys"),
)
# The same is done with many people; by whom one looks for it.
_TOGETHER: Final = (
    "Coffee with {} at the usual place.",
    "{} called and we talked for an hour.",
    "Walked along the river with {}.",
    "Helped {} carry a table up the stairs.",
    "{} came by and brought flowers.",
    "Played cards with {} until late.",
)
_WITH: Final = (
    "when did I last see {}",
    "{}",
    "afternoon with {}",
    "phone call from {}",
    "{} came to visit",
    "what did {} and I do",
)
_QUIET: Final = 40
"""Days of nothing but small talk."""


def household() -> tuple[list[Written], list[Asked]]:
    """The entries, in order of their days, and the questions."""
    chance = random.Random(4)
    subjects = _subjects()
    told = [(text, number) for number, one in enumerate(subjects) for text in one.texts]
    told += [("", len(subjects))] * _QUIET
    chance.shuffle(told)
    entries: list[Written] = []
    answers: list[set[str]] = [set() for _ in range(len(subjects) + 1)]
    day = FIRST_DAY
    for count, (text, number) in enumerate(told, start=1):
        day += timedelta(days=chance.randint(1, 9))
        around = chance.choice(_BEFORE), text, chance.choice(_AFTER)
        entries.append(Written(f"e{count:03}", day, " ".join(filter(None, around))))
        answers[number].add(entries[-1].id)
    asked = [
        Asked(query, frozenset(answers[number]))
        for number, one in enumerate(subjects)
        for query in one.queries
    ]
    return entries, asked


class _Subject(NamedTuple):
    """Questions with the same answers, and the texts that answer them."""

    queries: list[str]
    texts: list[str]


def _subjects() -> list[_Subject]:
    """The last one has no question."""
    subjects: list[_Subject] = []
    for block in _TEXTS.read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            queries = [line[2:] for line in lines if line.startswith("? ")]
            texts = [line for line in lines if not line.startswith("?")]
            subjects.append(_Subject(queries, texts))
    for number, name in enumerate(_PEOPLE):
        texts = [_TOGETHER[(number + step) % len(_TOGETHER)].format(name) for step in (0, 1, 3)]
        subjects.insert(0, _Subject([_WITH[number % len(_WITH)].format(name)], texts))
    return subjects
