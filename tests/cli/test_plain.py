"""What of others' text a terminal is given."""

import pytest

from herdbook.cli.plain import plain


@pytest.mark.parametrize("text", ["43\u00a0%", "1\u202f204,5\u00a0hPa", "Zähler 5 °C, CO₂ 犬"])
def test_spaces_that_keep_words_together_are_shown(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\n", "\x9b", "\u2028", "\u202e", "\ud800"])
def test_what_would_steer_a_terminal_is_not(letter: str) -> None:
    assert plain(f"a{letter}b") == "a\ufffdb"
