"""JSON schemas for engines, made of msgspec structs. Owns that nothing in them is without bounds.

A free string lets a small model write until its limit of tokens, so a struct whose strings or lists
have no largest length is refused when it is used first, not when a model runs away.
"""

from typing import Any, Final

import msgspec

from herdbook.llm.engine import Schema

_LONGEST: Final = 1000
"""llama.cpp refuses a grammar with many more repetitions."""
_HIDDEN: Final = ("title", "description", "default", "discriminator")


def schema_of(kind: Any) -> Schema:
    """The schema of a struct, or a union of tagged ones, with nothing in it by reference.

    Raises `TypeError` for one that has no bounds.
    """
    schema = msgspec.json.schema(kind)
    parts = schema.pop("$defs", {})
    plain = _plain(schema, parts)
    _check(plain, "$")
    if not isinstance(plain, dict):
        raise TypeError(f"{kind} has no schema that engines know.")
    return plain


def most_tokens(schema: Any) -> int:
    """How many tokens an answer takes at the most, as a token is hardly ever less than a letter."""
    return min(4096, 64 + _letters(schema))


def _plain(part: Any, parts: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_plain(one, parts) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _plain(parts[part["$ref"].rpartition("/")[2]], parts)
    made = {
        key: {name: _plain(one, parts) for name, one in value.items()}
        if key == "properties"
        else _plain(value, parts)
        for key, value in part.items()
        if key not in _HIDDEN
    }
    if made.get("type") == "object" and "properties" in made:
        # All members, always: what may be left out confuses a small model.
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    return made


def _check(part: Any, where: str) -> None:
    if isinstance(part, list):
        for number, one in enumerate(part):
            _check(one, f"{where}[{number}]")
    if not isinstance(part, dict):
        return
    if part.get("type") == "string" and not {"maxLength", "enum"} & part.keys():
        raise TypeError(f"The string at {where} has no maxLength.")
    if part.get("maxLength", 0) > _LONGEST:
        raise TypeError(f"The string at {where} may be longer than llama.cpp can keep count of.")
    if part.get("type") == "array" and "maxItems" not in part:
        raise TypeError(f"The list at {where} has no maxItems.")
    for name, one in part.items():
        if isinstance(one, (dict, list)):
            _check(one, f"{where}.{name}")


def _letters(part: Any) -> int:
    if isinstance(part, list):
        return max(map(_letters, part), default=0)
    if not isinstance(part, dict):
        return 0
    if "properties" in part:
        return sum(len(name) + 8 + _letters(one) for name, one in part["properties"].items())
    if "maxItems" in part:
        return int(part["maxItems"]) * (2 + _letters(part.get("items")))
    choices = max((len(str(one)) for one in part.get("enum", ())), default=0)
    return max(int(part.get("maxLength", 0)), choices, 24, _letters(part.get("anyOf")))
