import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.errors import DayInvalid, InputError, TextTooLong
from herdbook.journal.entry import TEXT_LIMIT, clean_text, read_day


@pytest.mark.parametrize(
    "text",
    [
        "2031-13-45",
        "2026-02-30",
        "20261120",
        "2026-W47-5",
        "",
        "today",
        "2026-11-20 ",
        "0000-1-1",
    ],
)
def test_a_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DayInvalid, match="year-month-day"):
        read_day(text)


@given(st.dates())
def test_every_date_is_read(day: object) -> None:
    assert read_day(str(day)) == day


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        cleaned = clean_text(text)
    except InputError:
        return
    assert clean_text(cleaned) == cleaned
    assert "\r" not in cleaned
    assert "\x00" not in cleaned


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "\r\n"])
def test_an_empty_entry_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="empty"):
        clean_text(text)


def test_the_longest_entry_is_kept_and_one_more_character_is_not() -> None:
    assert clean_text("x" * TEXT_LIMIT) == "x" * TEXT_LIMIT
    with pytest.raises(TextTooLong, match="100,001"):
        clean_text("x" * (TEXT_LIMIT + 1))


def test_half_a_character_is_refused_with_a_word() -> None:
    with pytest.raises(InputError, match="surrogate"):
        clean_text("a \ud83d b")
