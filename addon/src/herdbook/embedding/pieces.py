"""Cutting a text into pieces that a model takes in whole. Pure: the model's tokens are given.

A piece ends where a paragraph does, else a sentence, else a word; the next one begins a little
before that, so that what stands around the cut is together in one of them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

SIZE: Final = 192
"""Tokens in a piece at most: what is about one thing stays together, and a page is several."""
OVERLAP: Final = 32
"""Tokens that two neighbours have in common, at most."""

_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE: Final = re.compile(r"[.!?…]+[\"”’)\]]*\s+|\n\s*|[。！？]")


class Span(NamedTuple):
    """Where something stands in a text: characters, the last one excluded."""

    begin: int
    end: int


def cut(text: str, tokens: Sequence[tuple[int, int]], window: int) -> list[Span]:
    """The pieces of a text, in order; none of a text without tokens.

    `tokens` are where they stand in the text, in order; a piece has at most `window` of them.
    """
    size, overlap = min(SIZE, window), min(OVERLAP, window // 6)
    begins = [begin for begin, _ in tokens]
    breaks = [
        # The numbers of the tokens that begin a paragraph, or a sentence.
        sorted({bisect_left(begins, found.end()) for found in pattern.finditer(text)})
        for pattern in (_PARAGRAPH, _SENTENCE)
    ]
    spans: list[Span] = []
    first = 0
    while first < len(tokens):
        last = len(tokens)
        if last - first > size:
            last = _end(breaks, first + size // 2, first + size)
        spans.append(Span(tokens[first][0], tokens[last - 1][1]))
        if last == len(tokens):
            break
        first = _begin(breaks[1], last - overlap, last)
    return spans


def _end(breaks: list[list[int]], floor: int, limit: int) -> int:
    for places in breaks:
        at = bisect_right(places, limit) - 1
        if at >= 0 and places[at] > floor:
            return places[at]
    return limit


def _begin(sentences: list[int], floor: int, limit: int) -> int:
    at = bisect_left(sentences, floor)
    return sentences[at] if at < len(sentences) and sentences[at] < limit else floor
