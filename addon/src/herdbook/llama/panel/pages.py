"""Pages from templates: the one place that knows addresses, words and Jinja2."""

import re
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

from aiohttp import web
from jinja2 import Environment

from herdbook.errors import ConfigError
from herdbook.journal.settings import Settings
from herdbook.web.assets import Assets
from herdbook.web.languages import SOURCE, Languages
from herdbook.web.rendering import Rendering, environment

PACKAGE: Final = "herdbook.llama.panel"
_BASE_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")

_FIRST_WEEKDAY: Final = {"monday": 0, "sunday": 6, "saturday": 5}

_LONG: Final = 40
"""Lines of an entry, above which it is folded."""


@dataclass(frozen=True, slots=True)
class Pages(Rendering):
    """Renders templates. `router` names the routes that `url` builds addresses of.

    `settings` are those of the person who asks, `language` is the one they read. Raises
    `ConfigError` for a base path that is not one of plain segments.
    """

    router: web.UrlDispatcher
    languages: Languages
    assets: Assets
    zone: tzinfo
    base_path: str
    settings: Settings = field(default_factory=Settings)
    language: str = SOURCE
    environment: Environment = field(default_factory=lambda: environment(PACKAGE))

    def __post_init__(self) -> None:
        if not _BASE_PATH.fullmatch(self.base_path):
            raise ConfigError(
                f"“{self.base_path[:80]}” is no base path.",
                fix="Leave base_path empty, or write it as in “/herdbook”: it begins with a slash, "
                "ends without one, and holds letters, digits, “.”, “_”, “~” and “-”.",
            )

    def below(self, base_path: str) -> "Pages":
        """The same pages under another base path. Raises `ConfigError`."""
        return replace(self, base_path=base_path)

    def asked(self, accept_language: str) -> "Pages":
        """The same pages in the language that a browser asks for."""
        return replace(self, language=self.languages.asked_for(accept_language))

    def wanted(self, settings: Settings) -> "Pages":
        """The same pages as a person wants them."""
        language = self.language if settings.language == "auto" else settings.language
        return replace(self, settings=settings, language=language)

    @property
    def clock(self) -> str:
        """See `Telling`."""
        return self.settings.clock

    @property
    def first_weekday(self) -> int:
        """With which day a week begins, 0 for Monday."""
        return _FIRST_WEEKDAY[self.settings.week_start]

    def own(self) -> dict[str, object]:
        """See `Rendering`."""
        return {
            **Rendering.own(self),  # slots make another class of it: super() would not know
            "is_long": _is_long,
            "look": self.settings,
            "size_of": self.size_of,
        }

    def size_of(self, size: int) -> str:
        """A number of bytes, “3.4 MB”."""
        if size == 1:
            return self.strings("files.byte")
        if size < 1_000:
            return self.strings("files.bytes", count=size)
        if size < 1_000_000:
            return self.strings("files.kib", count=round(size / 1_000))
        return self.strings("files.mib", count=size / 1_000_000)


def _is_long(text: str) -> bool:
    """Whether a text fills more lines than a page shows at once, at about 60 characters each."""
    return sum(1 + len(line) // 60 for line in text.split("\n")) > _LONG
