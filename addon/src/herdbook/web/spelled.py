"""What a model's step says, for people: its values without the signs of JSON, whole or cut off."""

import json
import re
from collections.abc import Callable
from typing import Final

# What each says again: which step it is, that it was done, that it was not refused; and lists of
# nothing.
_SAID_ALREADY: Final = re.compile(
    r'^\{"tool":"\w*",?|^\{"done":(?!null)|^\{"done":null,"refused":|,"refused":null\}$|"\w+":\[\],?'
)
_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]:,]|[^"{}\[\]:,]+')
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+\+00:00")


def spelled(text: str, moment_of: Callable[[str], str]) -> str:
    """“source: boiler, hours: 24” for an object of JSON; what is none stays as it is.

    `moment_of` tells a moment that is written as ISO 8601, and raises `ValueError` for none.
    """
    if not text.startswith("{"):
        return text
    parts = _PART.findall(_SAID_ALREADY.sub("", text))
    told = (
        f"{part} " if part in ":," else _value(part, moment_of)
        for part in parts
        if part not in "{}[]"
    )
    return "".join(told).strip(" ,")


def _value(part: str, moment_of: Callable[[str], str]) -> str:
    if part == "null":
        return "\N{EN DASH}"
    if not part.startswith('"'):
        return part
    try:
        value = str(json.loads(part))
        return moment_of(value) if _MOMENT.fullmatch(value) else value
    except ValueError:  # cut off, or no moment
        return part.strip('"')
