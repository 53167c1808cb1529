"""Values as they stand in a TOML file; the standard library only reads them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def value_text(value: object) -> str:
    """A value of TOML on one line; in a table, None is left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inside = _lines(value)
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return _quoted(str(value))


def document_text(document: Mapping[str, Any]) -> str:
    """A document: its values, then its tables, then its arrays of tables. None is left out."""
    lines = _lines(document, lambda value: not isinstance(value, Mapping) and not _tables(value))
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{_key(key)}]", *_lines(value)]
    for key, value in document.items():
        for table in _tables(value):
            lines += ["", f"[[{_key(key)}]]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(table: Mapping[str, Any], wanted: Any = lambda _value: True) -> list[str]:
    return [
        f"{_key(key)} = {value_text(value)}"
        for key, value in table.items()
        if value is not None and wanted(value)
    ]


def _tables(value: object) -> list[Mapping[str, Any]]:
    are_tables = isinstance(value, list) and value and all(isinstance(it, Mapping) for it in value)
    return value if are_tables else []  # type: ignore[return-value] # just seen


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    # A JSON string is one of TOML, but for one letter that TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
