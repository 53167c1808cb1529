"""Whether a model's sentence may stand in the place of the built-in one. Errs towards that one.

It adds nothing: it is grounded in the evidence. It leaves nothing out: every number of the built-in
sentence is in it as it stands there. It is in the same language. And it is one plain line of about
that length, with no sentence more.
"""

import re
from typing import Final

from herdbook.alpaca.words.grounded import grounded
from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.tongue import is_spoken
from herdbook.eventlog.event import ObservationPayload

_NUMBER: Final = re.compile(r"[-+−]?\d+(?:[.,:]\d+)*")
_MARKUP: Final = re.compile(r"://|www\.|[<>]")
_END: Final = re.compile(r"[.!?…]+(?=\s|$)")
_LONGER: Final = 2.5
"""Times as long as the built-in sentence, and what a model adds is its own."""


def may_replace(sentence: str, payload: ObservationPayload, language: Code) -> bool:
    """Whether the sentence says what the observation does."""
    built_in = payload.sentence
    return (
        sentence.isprintable()
        and bool(sentence.strip())
        and len(sentence) <= _LONGER * len(built_in)
        and not _MARKUP.search(sentence)
        and len(_END.findall(sentence)) <= max(1, len(_END.findall(built_in)))
        and _numbers(built_in) <= _numbers(sentence)
        and grounded(sentence, payload, language)
        and is_spoken(sentence, f"{built_in} {payload.sensor_name} {payload.unit or ''}", language)
    )


def _numbers(text: str) -> set[str]:
    return {number.replace("−", "-") for number in _NUMBER.findall(text)}
