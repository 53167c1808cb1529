"""The names of traces: how they are kept, and which are one and the same."""

import unicodedata

import pytest

from herdbook.errors import InputError, TextTooLong
from herdbook.journal.trace import NAME_LIMIT, clean_name, fold


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  garden \t shed\n", "garden shed"),
        ("a\u00a0b", "a b"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("x" * NAME_LIMIT, "x" * NAME_LIMIT),
        # Composed it is short enough.
        ("e\u0301" * NAME_LIMIT, "é" * NAME_LIMIT),
        ("; DROP TABLE traces", "; DROP TABLE traces"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
)
def test_a_name_is_kept_tidy(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept
    assert clean_name(kept) == kept
    assert unicodedata.is_normalized("NFC", clean_name(typed))


@pytest.mark.parametrize(
    "typed", ["", "  \n", "a\x00b", "a\x07", "\ud83d", "\u200b\u200d", "\u0301", "\u202e"]
)
def test_a_name_without_anything_to_see_is_none(typed: str) -> None:
    with pytest.raises(InputError):
        clean_name(typed)


def test_a_name_is_short() -> None:
    with pytest.raises(TextTooLong, match="at most 40 characters; this has 41"):
        clean_name("x" * (NAME_LIMIT + 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("Ёлка", "елка"),
        ("ﬁnch", "Finch"),
        ("❤\ufe0f", "❤"),
        ("gar\u00adden", "garden"),
        ("Ω", "ὠ"),
    ],
)
def test_case_and_accents_do_not_tell_traces_apart(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("कल", "कुल"), ("か", "が"), ("garden", "gardens"), ("ab", "a b"), ("o", "ø"), ("1", "2")],
)
def test_other_letters_do(one: str, other: str) -> None:
    assert fold(one) != fold(other)
