import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from herdbook.embedding.pieces import OVERLAP, SIZE, Span, cut


def words(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in re.finditer(r"\w+|[^\w\s]", text)]


def pieces(text: str, window: int = 512) -> list[str]:
    return [text[span.begin : span.end] for span in cut(text, words(text), window)]


def test_a_short_text_is_one_piece() -> None:
    assert pieces("  One thought. And another.\n\nA third. ") == [
        "One thought. And another.\n\nA third."
    ]
    assert cut("", [], 512) == []


def test_a_piece_ends_where_a_paragraph_does() -> None:
    first, second = "word " * 150 + "end.", "Other " * 150 + "end."
    found = pieces(f"{first}\n\n{second}")
    assert found[0] == first
    assert found[1].endswith(second)


def test_a_piece_ends_with_a_sentence_where_there_is_no_paragraph() -> None:
    text = "This is a sentence of eight words exactly. " * 60
    found = pieces(text)
    assert len(found) > 2
    assert all(piece.endswith("exactly.") for piece in found)
    assert all(piece.startswith("This") for piece in found)


def test_neighbours_have_a_sentence_in_common() -> None:
    text = " ".join(f"Sentence {number} says a few words." for number in range(100))
    for before, after in pairwise(pieces(text)):
        assert after.split(".")[0] in before


@given(st.text(alphabet=st.sampled_from("ab .\n"), max_size=3_000), st.integers(14, 600))
def test_every_token_is_in_a_piece_and_none_is_too_long(text: str, window: int) -> None:
    tokens = words(text)
    spans = cut(text, tokens, window)
    for begin, end in tokens:
        assert any(span.begin <= begin and end <= span.end for span in spans)
    for span in spans:
        inside = [one for one in tokens if span.begin <= one[0] and one[1] <= span.end]
        assert len(inside) <= min(SIZE, window)
    for before, after in pairwise(spans):
        assert before.begin < after.begin
        shared = [one for one in tokens if after.begin <= one[0] and one[1] <= before.end]
        assert len(shared) <= OVERLAP


def test_a_span_says_where() -> None:
    assert cut("ab cd", [(0, 2), (3, 5)], 512) == [Span(0, 5)]
