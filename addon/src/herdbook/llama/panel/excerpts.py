"""Pieces of an entry's text as they read: without the signs of its Markdown.

A piece begins and ends anywhere, so there is nothing to parse; what only might be a sign stays.
"""

import re
from typing import Final

import emoji
import msgspec

from herdbook.journal.search import Found, Piece

_SIGNS: Final = re.compile(
    r"""
      # a fence, or a line of a table or a rule
      ^[ \t]*+(?:```|~~~)[^`~\n]*$\n? | ^(?=[|:\ \t]*+-)[|:\ \t-]{2,}+$\n?
      # what a line begins with
    | ^(?:[ \t]*+(?:>|\#{1,6}[ \t]|[-*+][ \t]+(?:\[[ xX]\][ \t])?))+
      # the bars of a table
    | ^[ \t]*+\| | \|(?=\s|\Z)
      # what stands around words
    | \*\* | __ | ~~ | `+ | (?<!\w)[*_](?=\w) | (?<=\w)[*_](?!\w)
    """,
    re.MULTILINE | re.VERBOSE,
)
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")


def plainly(found: tuple[Found, ...]) -> tuple[Found, ...]:
    """What was found, its pieces as they read."""
    return tuple(
        msgspec.structs.replace(one, pieces=tuple(map(_plain, one.pieces))) for one in found
    )


def _plain(piece: Piece) -> Piece:
    if piece.hit:
        return piece
    text = _SIGNS.sub("", _LINK.sub(r"\1", piece.text))
    return Piece(emoji.emojize(text, language="alias"), hit=False)
