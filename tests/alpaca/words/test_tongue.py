"""In which language a model answered, told without a model."""

import itertools
import re

import pytest

from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.alpaca.words.tongue import is_spoken

SAID: dict[Code, tuple[str, ...]] = {
    "en": (
        "The Boiler is at 95 °C just now; usually it is between 20 and 90 °C.",
        "Boiler reached 95 °C, more than usual.",
        "Boiler: 95 °C.",
        "After two hours the Boiler is back to normal at 60 °C.",
    ),
    "de": (
        "Der Boiler hat gerade 95 °C; sonst sind es 20 bis 90 °C.",
        "Boiler liegt bei 95 °C, mehr als üblich.",
        "Nach zwei Stunden ist der Boiler wieder bei 60 °C.",
    ),
    "fr": (
        "Le Boiler est à 95 °C ; d'habitude il est entre 20 et 90 °C.",
        "La température de Boiler est de 95 °C, plus que d'habitude.",
    ),
    "es": (
        "El Boiler está a 95 °C; normalmente está entre 20 y 90 °C.",
        "La temperatura de Boiler es de 95 °C, más que de costumbre.",
    ),
    "nl": (
        "De Boiler staat nu op 95 °C; gewoonlijk is dat tussen 20 en 90 °C.",
        "Boiler is na twee uur weer op 60 °C, zoals gewoonlijk.",
    ),
}
EVIDENCE: dict[Code, str] = {
    code: one.sentences["above_usual value"].format(
        name="Boiler", value="95 °C", low="20", high="90 °C"
    )
    for code, one in LANGUAGES.items()
}


@pytest.mark.parametrize("code", list(SAID))
def test_what_is_said_in_the_language_is_taken(code: Code) -> None:
    for sentence in SAID[code]:
        assert is_spoken(sentence, EVIDENCE[code], code), sentence


@pytest.mark.parametrize(("asked", "answered"), list(itertools.permutations(SAID, 2)))
def test_another_of_our_languages_is_not(asked: Code, answered: Code) -> None:
    for sentence in SAID[answered]:
        if len(sentence) > 20:
            assert not is_spoken(sentence, EVIDENCE[asked], asked), sentence


@pytest.mark.parametrize("code", list(SAID))
def test_the_built_in_sentences_are_in_their_own(code: Code) -> None:
    for template in LANGUAGES[code].sentences.values():
        sentence = re.sub(r"\{name\}", "Boiler", template)
        assert is_spoken(re.sub(r"\{\w+\}", "5", sentence), "Boiler 5", code), sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "锅炉 Boiler 现在是 95 °C，通常在 20 到 90 °C 之间。",
        "Boiler сейчас 95 °C, обычно от 20 до 90 °C.",
        "Boiler ma teraz 95 °C, zwykle od 20 do 90 °C.",
        "Boiler är 95 °C, vanligtvis mellan 20 och 90 °C.",
        "Boіler is 95 °C.",  # with a Cyrillic letter
    ],
)
def test_any_other_language_is_not(sentence: str) -> None:
    for code in LANGUAGES:
        assert not is_spoken(sentence, EVIDENCE[code], code)


def test_a_name_may_be_in_any() -> None:
    assert is_spoken("Κήπος is 5 °C, more than usual.", "Κήπος is 5 °C.", "en")
    assert is_spoken("La cave de l'oncle is 5 °C now.", "La cave de l'oncle is 5 °C.", "en")
