"""Prompts from Jinja2 files: ours, or a user's of the same name. Owns how data stands in them.

A template gives what the system says and, after a line with ``---``, what is asked. What others
wrote (names of sensors, what came by MQTT) goes through the filter ``data``: one line of JSON
between marks that cannot be in it, which the system's part says is never an instruction.
"""

import json
from pathlib import Path
from typing import Final

import jinja2
import jinja2.sandbox

from herdbook.errors import ConfigError
from herdbook.llm.engine import Turn

_PART: Final = "\n---\n"
_MOST: Final = 2000


class Prompts:
    """The prompts of this package, and of a user's folder before them."""

    def __init__(self, folder: Path | None = None) -> None:
        loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("herdbook.llm", "prompts")]
        if folder is not None:
            loaders.insert(0, jinja2.FileSystemLoader(folder))
        # Plain text, no page: there is nothing to escape. A prompt can run no code.
        self._environment = jinja2.sandbox.SandboxedEnvironment(
            loader=jinja2.ChoiceLoader(loaders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        self._environment.filters["data"] = data

    def turns(self, name: str, **values: object) -> list[Turn]:
        """The prompt of a name, filled in. Raises `ConfigError` for a file that is no template."""
        try:
            text = self._environment.get_template(f"{name}.j2").render(values)
        except jinja2.TemplateError as error:
            raise ConfigError(
                f"The prompt {name}.j2 cannot be used: {error}.",
                fix="Correct it, or remove it from the folder “prompts” of [model] names.",
            ) from error
        system, found, asked = text.partition(_PART)
        if not found:
            return [Turn("user", system.strip())]
        return [Turn("system", system.strip()), Turn("user", asked.strip())]


def data(value: object) -> str:
    """Something that others wrote, or that was measured, as data: one line, cut where it is long.

    No text can contain the marks around it: “<” and “>” are escaped in it.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _MOST:
        text = json.dumps(text[:_MOST] + " …", ensure_ascii=False)
    safe = "".join(letter if _is_plain(letter) else f"\\u{ord(letter):04x}" for letter in text)
    return f"<data>{safe}</data>"


def _is_plain(letter: str) -> bool:
    return letter == " " or (letter not in "<>" and letter.isprintable())
