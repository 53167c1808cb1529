"""``herdbook alpaca config check``: what is in force, where it comes from, and whether it works."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from herdbook.cli import config_file
from herdbook.cli.plain import plain
from herdbook.cli.running import EXIT_DONE, EXIT_FAILED
from herdbook.cli.toml_text import value_text
from herdbook.cli.trial import try_out

_HIDDEN: Final = "(secret)"


class Setting(Struct, frozen=True):
    """One key, its value and its source: ``file``, ``default``, or a variable's name."""

    key: str
    value: Any
    source: str


def check(options: argparse.Namespace) -> int:
    """Print it. `EXIT_FAILED` when something does not work now; mistakes are `ConfigError`."""
    from herdbook.alpaca import config

    path = config_file.chosen(options)
    read = config.read(path, os.environ)
    settings = list(_settings(read.config, "", read.document, read.sources))
    if not options.json:
        width = max(len(one.key) for one in settings)
        for one in settings:
            shown = one.value if one.value == _HIDDEN else value_text(one.value)
            print(plain(f"{one.key:<{width}}  {shown}  ({one.source})"))
    tried = try_out(read.config, say=not options.json)
    if options.json:
        found = {"file": None if path is None else str(path), "settings": settings, "tried": tried}
        print(msgspec.json.encode(found).decode())
    return EXIT_DONE if all(one.works for one in tried) else EXIT_FAILED


def _settings(
    struct: Struct, prefix: str, document: Any, sources: dict[str, str]
) -> Iterator[Setting]:
    tag = struct.__struct_config__.tag_field
    if tag is not None:
        kind = struct.__struct_config__.tag
        yield Setting(f"{prefix}{tag}", kind, sources.get(f"{prefix}{tag}", "file"))
    for name in struct.__struct_fields__:
        yield from _of(getattr(struct, name), name, prefix, document, sources)


def _of(
    value: object, name: str, prefix: str, document: Any, sources: dict[str, str]
) -> Iterator[Setting]:
    from herdbook.alpaca.environment import SECRETS

    written = document.get(name) if isinstance(document, dict) else None
    if isinstance(value, Struct):
        yield from _settings(value, f"{prefix}{name}.", written, sources)
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        for number, one in enumerate(value):
            table = written[number] if isinstance(written, list) else None
            yield from _settings(one, f"{prefix}{name}.{number}.", table, sources)
    elif value is not None:
        source = sources.get(f"{prefix}{name}", "default" if written is None else "file")
        shown = str(value) if isinstance(value, Path) else msgspec.to_builtins(value)
        yield Setting(f"{prefix}{name}", _HIDDEN if name in SECRETS else shown, source)
