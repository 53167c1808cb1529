"""What was called wrong is not proposed again, however it is put; what is something else is."""

import pytest

from herdbook.alpaca.memory.memories import Proposal
from herdbook.alpaca.memory.wrongs import said_wrong, telling
from herdbook.house.notebook import Wrong

WRONG = Wrong("bathroom", "airing", "20 minutes")


def proposed(subject: str, aspect: str, value: str, sentence: str = "So it is.") -> Proposal:
    return Proposal(subject, aspect, value, sentence, 0.5, "model")


@pytest.mark.parametrize(
    "fact",
    [
        proposed("bathroom", "airing", "20 minutes"),
        proposed("BATHROOM ", "Airing", "20  Minutes"),
        proposed("bathroom", "airing", "half an hour"),
        proposed("bathroom", "time to ventilate", "20 min", "It takes 20 minutes to be fresh."),
        proposed("home", "fresh air", "20 minutes", "The bathroom is aired within 20 minutes."),
        proposed("bathroom", "how long it is aired", "a while", "Airing takes some minutes."),
        proposed("Bathrooms", "áiring", "20 minutes"),
    ],
)
def test_the_same_again(fact: Proposal) -> None:
    assert said_wrong(fact, fact.sentence, [WRONG]) == WRONG


@pytest.mark.parametrize(
    "fact",
    [
        proposed("kitchen", "airing", "20 minutes", "The kitchen is aired within 20 minutes."),
        proposed("bathroom", "heating", "radiator", "A radiator warms the bathroom."),
        proposed("bathroom", "usual humidity", "55 %", "It is usually at 55 %."),
        proposed("boiler", "hours", "6 to 8", "It runs from 6 to 8."),
    ],
)
def test_something_else(fact: Proposal) -> None:
    assert said_wrong(fact, fact.sentence, [WRONG]) is None


def test_numbers_count_as_a_whole_and_endings_do_not() -> None:
    said = telling("The boilers run 12345 times, 20°C")
    assert said == {"the", "boile", "run", "12345", "times", "20"}
    assert telling("is on") == frozenset()
