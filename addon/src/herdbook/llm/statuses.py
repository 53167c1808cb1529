"""What an HTTP status of an inference server that refuses means: whether it passes, what to do."""

from typing import Final

_NOT_LET_IN: Final = frozenset({401, 403})
_ELSEWHERE: Final = range(300, 400)
_PASSING: Final = frozenset({408, 425, 429})
_OVERLOADED: Final = 500


def passes(status: int) -> bool:
    """Whether to ask again may help."""
    return status >= _OVERLOADED or status in _PASSING


def fix_for(status: int) -> str:
    """What a person can do, who wrote the ``[model]`` table."""
    if status in _NOT_LET_IN:
        return "Correct “api_key” under [model]."
    if status in _ELSEWHERE:
        return "It sends elsewhere, where nobody is asked: correct “url” under [model]."
    return "Correct “url” and “model” under [model]."
