from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herdbook.journal.query import Query, read_query
from herdbook.query import QUERY_LIMIT, Term


def words(*texts: str) -> tuple[Term, ...]:
    return tuple(map(Term, texts))


def phrases(*texts: str) -> tuple[Term, ...]:
    return tuple(Term(text, phrase=True) for text in texts)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("snow ", words("snow")),
        ("snow", (Term("snow", prefix=True),)),
        ("first snow", (Term("first"), Term("snow", prefix=True))),
        ("tomat* soup ", (Term("tomat", prefix=True), Term("soup"))),
        ('"first snow"', phrases("first snow")),
        ('"first sno', (Term("first sno", prefix=True, phrase=True),)),
        ('"first sno*" ', (Term("first sno", prefix=True, phrase=True),)),
        ("„erster Schnee“ «neige»", phrases("erster Schnee", "neige")),
        ('one"two three"four ', (Term("one"), *phrases("two three"), Term("four"))),
        ("don't e-mail ", words("don't", "e-mail")),
        ("AND OR NOT NEAR(x y) text:z ", words("AND", "OR", "NOT", "NEAR(x", "y)", "text:z")),
        ("Zu\u0308rich ", words("Z\u00fcrich")),
        ('— 😀 * " "" - \' ', ()),
        ("a\x00b ", words("a", "b")),
        ("\ud800 snow ", words("snow")),
    ],
)
def test_words_and_phrases(typed: str, wanted: tuple[Term, ...]) -> None:
    assert read_query(typed) == Query(wanted)


@pytest.mark.parametrize(
    ("typed", "unwanted"),
    [
        ("-snow", words("snow")),
        ('-"first snow" -ice', (*phrases("first snow"), Term("ice"))),
        ("-tomat*", (Term("tomat", prefix=True),)),
        ("--snow", words("-snow")),
    ],
)
def test_what_is_not_wanted_is_never_half_typed(typed: str, unwanted: tuple[Term, ...]) -> None:
    """Else the entry would go away that is about to be found."""
    assert read_query(typed) == Query(unwanted=unwanted)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("before:2026", date.min, date(2025, 12, 31)),
        ("before:2026-03", date.min, date(2026, 2, 28)),
        ("BEFORE:2024-3-1", date.min, date(2024, 2, 29)),
        ("after:2026", date(2027, 1, 1), date.max),
        ("after:2026-02", date(2026, 3, 1), date.max),
        ("after:2026-02-27", date(2026, 2, 28), date.max),
        ("on:2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("on:2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("on:2026-11-20", date(2026, 11, 20), date(2026, 11, 20)),
        ("after:2025 before:2026-06 on:2026-05", date(2026, 5, 1), date(2026, 5, 31)),
        ("before:2025 after:2026", date(2027, 1, 1), date(2024, 12, 31)),
        ("after:9999-12-31", date.max, date.max),
    ],
)
def test_times(typed: str, first: date, last: date) -> None:
    assert read_query(typed) == Query(first=first, last=last)


@pytest.mark.parametrize(
    "typed",
    ["before:", "on:monday", "after:26", "on:2026-13", "on:2026-02-30", "on:0000", "-on:2026"],
)
def test_a_time_that_is_none_is_said_and_not_looked_for(typed: str) -> None:
    query = read_query(f"{typed} snow ")
    assert query.doubtful == (typed,)
    assert query.wanted == words("snow")
    assert (query.first, query.last) == (date.min, date.max)


@pytest.mark.parametrize(
    ("typed", "traces", "untraced"),
    [
        ("trace:Ada", {"ada"}, set()),
        ('trace:"The old  House" trace:café', {"the old house", "cafe"}, set()),
        ('-trace:work TRACE:ada trace:ÁDA -trace:"at sea', {"ada"}, {"work", "at sea"}),
        ('trace: trace:"" -trace:', set(), set()),
    ],
)
def test_traces(typed: str, traces: set[str], untraced: set[str]) -> None:
    assert read_query(typed) == Query(traces=frozenset(traces), untraced=frozenset(untraced))


def test_nothing_asked_is_empty() -> None:
    for typed in ("", "  ", "—", "on:nothing", '""'):
        assert read_query(typed).is_empty
    for typed in ("x", "-x", "before:2026", "trace:x", "-trace:x"):
        assert not read_query(typed).is_empty


def test_what_is_typed_beyond_the_limit_is_left_out() -> None:
    query = read_query("".join(f"{number:03} " for number in range(QUERY_LIMIT)))
    assert len(query.wanted) == QUERY_LIMIT // 4


def test_a_word_that_is_typed_again_is_looked_up_once() -> None:
    query = read_query("a* ice a* ice -b -b a")
    assert [(term.text, term.prefix) for term in query.wanted] == [
        ("a", True),
        ("ice", False),
    ]
    assert [term.text for term in query.unwanted] == ["b"]


@given(st.text(max_size=80))
@example('-"')
@example("on:9999-12-31 before:0001 after:9999")
def test_any_text_is_a_query(typed: str) -> None:
    query = read_query(typed)
    assert date.min <= query.last
    assert all(any(map(str.isalnum, term.text)) or term.text for term in query.wanted)


def test_what_it_is_about_are_its_words_but_for_signs_and_filters() -> None:
    query = read_query('holiday "by the sea" tomat* -rain after:2024 ')
    assert query.meaning == "holiday by the sea tomat"
    assert query.phrases == phrases("by the sea")
    assert read_query('"by the sea"').meaning == "", "in quotes only these very words are wanted"
