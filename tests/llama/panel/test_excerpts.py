"""Pieces of entries without the signs of their Markdown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.journal.search import Found, Piece
from herdbook.llama.panel.excerpts import plainly


def read(*pieces: Piece) -> str:
    (found,) = plainly((Found("0" * 32, date(2026, 11, 21), 0, None, pieces),))
    return "".join(piece.text for piece in found.pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Market day\n\nWe bought", "Market day We bought"),
        ("**two kilos** of *quinces*, ~~not~~ `code`", "two kilos of quinces, not code"),
        ("- one\n- [ ] tea\n* [x] bread", "one tea bread"),
        ("> > she said", "she said"),
        ("| what | price |\n|---|--:|\n| tea | 2 |", "what price tea 2"),
        ("```\ncode\n```", "code"),
        ("see [the house](https://example.org/x)!", "see the house!"),
        ("a :wave: at 12:30", "a 👋 at 12:30"),
    ],
)
def test_the_signs_are_left_out(text: str, expected: str) -> None:
    assert read(Piece(text, hit=False)).split() == expected.split()


@pytest.mark.parametrize(
    "text",
    [
        "snake_case_name",
        "2 * 3 = 6",
        "well-known",
        "#hashtag",
        "a - b",
        "1 > 0",
        "I said [so]",
        "a|b",
    ],
)
def test_what_is_no_sign_stays(text: str) -> None:
    assert read(Piece(text, hit=False)) == text


def test_signs_around_what_was_looked_for_are_left_out() -> None:
    before, hit, after = (
        Piece("a **", hit=False),
        Piece("*garden*", hit=True),
        Piece("** b", hit=False),
    )
    assert read(before, hit, after) == "a *garden* b"


def test_a_sea_of_blanks_is_crossed_at_once() -> None:
    for text in (
        " " * 100_000 + "x",
        "-" + " " * 100_000 + "x",
        "- " * 50_000 + "x",
        "|-" * 50_000 + "x",
        "-" * 100_000 + "x",
    ):
        assert read(Piece(text, hit=False)).endswith("x")


@given(st.text(alphabet="ab *_`~|>#-[]()!\n", max_size=60))
def test_words_are_never_lost(text: str) -> None:
    if "](" not in text and "```" not in text and "~~~" not in text:
        assert [sign for sign in read(Piece(text, hit=False)) if sign in "ab"] == [
            sign for sign in text if sign in "ab"
        ]
