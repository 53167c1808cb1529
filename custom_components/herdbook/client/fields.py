"""Reading members of JSON objects strictly. Owns the checks; knows no message.

Every function raises `MalformedMessage`, naming where and what, never the value.
"""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NoReturn, cast

from .errors import MalformedMessage


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def parse_object(frame: str) -> Mapping[str, Any]:
    """One JSON object from a text frame; NaN and infinities are not JSON."""
    try:
        value = json.loads(frame, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedMessage("The Llama sent something that is not JSON.") from None
    return as_object(value, "a message")


def as_object(value: Any, where: str) -> Mapping[str, Any]:
    """The value, if it is a JSON object."""
    if not isinstance(value, dict):
        raise MalformedMessage(f"The Llama sent {where} that is not a JSON object.")
    return cast("Mapping[str, Any]", value)


def _wrong(where: str, name: str, expected: str) -> MalformedMessage:
    return MalformedMessage(f"In {where} of the Llama, “{name}” is not {expected}.")


def text(data: Mapping[str, Any], name: str, where: str) -> str:
    """A string."""
    value = data.get(name)
    if not isinstance(value, str):
        raise _wrong(where, name, "a string")
    return value


def filled(data: Mapping[str, Any], name: str, where: str) -> str:
    """A string that is not empty."""
    value = text(data, name, where)
    if not value:
        raise _wrong(where, name, "a filled string")
    return value


def optional_text(data: Mapping[str, Any], name: str, where: str) -> str | None:
    """A string or null."""
    return None if data.get(name) is None else text(data, name, where)


def boolean(data: Mapping[str, Any], name: str, where: str) -> bool:
    """True or false."""
    value = data.get(name)
    if not isinstance(value, bool):
        raise _wrong(where, name, "true or false")
    return value


def count(data: Mapping[str, Any], name: str, where: str) -> int:
    """An integer of 0 or more."""
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(where, name, "an integer of 0 or more")
    return value


def as_number(value: Any, name: str, where: str) -> float:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(where, name, "a number")
    return float(value)


def optional_number(data: Mapping[str, Any], name: str, where: str) -> float | None:
    """A finite number or null."""
    value = data.get(name)
    return None if value is None else as_number(value, name, where)


def optional_range(data: Mapping[str, Any], name: str, where: str) -> tuple[float, float] | None:
    """Two numbers, low and high, or null."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise _wrong(where, name, "a pair of numbers")
    return as_number(value[0], name, where), as_number(value[1], name, where)


def numbers(data: Mapping[str, Any], name: str, where: str) -> tuple[float, ...]:
    """A list of finite numbers."""
    values = data.get(name)
    if not isinstance(values, list):
        raise _wrong(where, name, "a list of numbers")
    return tuple(as_number(value, name, where) for value in values)


def moment(data: Mapping[str, Any], name: str, where: str) -> datetime:
    """An ISO 8601 time that says its offset from UTC."""
    try:
        value = datetime.fromisoformat(text(data, name, where))
    except ValueError:
        raise _wrong(where, name, "a time") from None
    if value.tzinfo is None:
        raise _wrong(where, name, "a time with its offset from UTC")
    return value


def day(data: Mapping[str, Any], name: str, where: str) -> date:
    """A date, ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text(data, name, where))
    except ValueError:
        raise _wrong(where, name, "a date") from None


def visitable_url(data: Mapping[str, Any], name: str, where: str) -> str:
    """An address that a browser can open, or one within Home Assistant."""
    value = text(data, name, where)
    if not value.startswith(("http://", "https://", "homeassistant://")):
        raise _wrong(where, name, "an http address or one of Home Assistant's")
    return value
