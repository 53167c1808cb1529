"""The languages that a node speaks, by their codes: those of the panel."""

from typing import Final

from herdbook.alpaca.words.dutch import DUTCH
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.french import FRENCH
from herdbook.alpaca.words.german import GERMAN
from herdbook.alpaca.words.language import Code, Language
from herdbook.alpaca.words.spanish import SPANISH

LANGUAGES: Final[dict[Code, Language]] = {
    one.code: one for one in (ENGLISH, GERMAN, FRENCH, SPANISH, DUTCH)
}
