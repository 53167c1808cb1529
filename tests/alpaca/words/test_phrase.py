"""Why there is no value, in every language that a node speaks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import herdbook.alpaca
from herdbook.alpaca.sensors.measurement import Fault, Measurement, checked
from herdbook.alpaca.sensors.value import Unreadable, fault_of
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.german import GERMAN
from herdbook.alpaca.words.languages import LANGUAGES

SOURCE = Path(next(iter(herdbook.alpaca.__path__)))
OTHERS = [language for language in LANGUAGES.values() if language is not ENGLISH]


def said_in_source() -> Iterator[str]:
    """The English of every phrase of ours that has any words in it."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        named = {
            node.target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            if ast.unparse(node.func) in {"Unreadable", "LineUnavailable", "Fault.of"}:
                first = node.args[0]
                first = named.get(first.id, first) if isinstance(first, ast.Name) else first
                assert isinstance(first, ast.Constant), f"{path.name}: {ast.unparse(node)}"
                if re.search(r"\w", re.sub(r"{\w+}", "", first.value)):
                    yield first.value


def test_every_language_has_words_for_every_phrase() -> None:
    said = set(said_in_source())
    assert len(said) > 40
    for language in OTHERS:
        assert set(language.phrases) == said, language.code
        for english, words in language.phrases.items():
            fields = sorted(re.findall(r"{\w+}", english))
            assert sorted(re.findall(r"{\w+}", words)) == fields, words
            assert words != english


def test_a_fault_is_told_in_the_nodes_language_and_logged_in_english() -> None:
    fault = fault_of("Boiler", Unreadable("{program} takes longer than {seconds} s", **SLOW))
    assert fault.reason == "Boiler: meter takes longer than 0.5 s."
    assert fault.told(ENGLISH) == fault.reason
    assert fault.told(GERMAN) == "Boiler: meter braucht länger als 0,5 s."
    many = fault_of("Boiler", Unreadable("it prints more than {most} bytes", most=65_536))
    assert many.reason == "Boiler: it prints more than 65,536 bytes."
    assert many.told(GERMAN) == "Boiler: es gibt mehr als 65.536 Bytes aus."


SLOW = {"program": "meter", "seconds": 0.5}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (-3.5, "T zeigt -3,5 °C; gültig ist 0 bis 40,5."),
        (float("nan"), "T zeigt nan, das ist keine Zahl."),
        (1e300, "T zeigt 1e+300, das ist zu groß zum Aufheben."),
    ],
)
def test_a_value_that_cannot_be_is_told(value: float, told: str) -> None:
    fault = checked(Measurement(id="t", name="T", unit="°C", valid=(0, 40.5)), value)
    assert isinstance(fault, Fault)
    assert fault.told(GERMAN) == told


def test_what_another_package_says_is_told_as_it_is() -> None:
    assert Fault("The {barrel} is dry.").told(GERMAN) == "The {barrel} is dry."
    dry = fault_of("Barrel", Unreadable("100 % {dry}"))
    assert dry.told(GERMAN) == dry.reason == "Barrel: 100 % {dry}."
    hostile = Fault("a\nb\x1b\u202e" + "x" * 600).told(GERMAN)
    assert hostile.isprintable()
    assert len(hostile) == 500
