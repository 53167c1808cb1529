"""What to do about an HTTP status by which an inference server refuses."""

from typing import Final

_NOT_LET_IN: Final = frozenset({401, 403})
_ELSEWHERE: Final = range(300, 400)


def fix_for(status: int) -> str:
    """What a person can do, who wrote the ``[model]`` table."""
    if status in _NOT_LET_IN:
        return "Correct “api_key” under [model]."
    if status in _ELSEWHERE:
        return "It sends elsewhere, where nobody is asked: correct “url” under [model]."
    return "Correct “url” and “model” under [model]."
