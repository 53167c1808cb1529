"""What of others' text a terminal is given."""

import pytest

from herdbook.cli.plain import beside, indented, plain


@pytest.mark.parametrize("text", ["43\u00a0%", "1\u202f204,5\u00a0hPa", "Zähler 5 °C, CO₂ 犬"])
def test_spaces_that_keep_words_together_are_shown(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\n", "\x9b", "\u2028", "\u202e", "\ud800"])
def test_what_would_steer_a_terminal_is_not(letter: str) -> None:
    assert plain(f"a{letter}b") == "a\ufffdb"


def test_a_long_line_goes_on_below_itself() -> None:
    line = "  FAILS  Meter: " + "it says why in many words " * 5
    first, *more = indented(line, 9).splitlines()
    assert first.startswith("  FAILS  Meter: it says why")
    assert more
    assert all(one.startswith(" " * 9 + one.strip()[:1]) for one in more)
    assert max(map(len, [first, *more])) < 80


def test_a_name_is_not_said_twice() -> None:
    assert beside("Meter", "Meter: it is gone.") == "it is gone."
    assert beside("Meter", "Meter does not answer.") == "Meter does not answer."
