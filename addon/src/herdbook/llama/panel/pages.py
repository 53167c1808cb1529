"""Pages from templates: the one place that knows addresses, words and Jinja2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

from aiohttp import web
from jinja2 import Environment

from herdbook.errors import ConfigError
from herdbook.journal.settings import Settings
from herdbook.web.assets import Assets
from herdbook.web.languages import SOURCE, Languages
from herdbook.web.strings import Strings
from herdbook.web.telling import Telling
from herdbook.web.templates import environment

PACKAGE: Final = "herdbook.llama.panel"
_BASE_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")

_FIRST_WEEKDAY: Final = {"monday": 0, "sunday": 6, "saturday": 5}

_LONG: Final = 40
"""Lines of an entry, above which it is folded."""


@dataclass(frozen=True, slots=True)
class Pages(Telling):
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
    def strings(self) -> Strings:
        """The words of the pages' language."""
        return self.languages[self.language]

    @property
    def clock(self) -> str:
        """See `Telling`."""
        return self.settings.clock

    @property
    def first_weekday(self) -> int:
        """With which day a week begins, 0 for Monday."""
        return _FIRST_WEEKDAY[self.settings.week_start]

    def _own(self) -> dict[str, object]:
        """What templates ask of these pages, which others answer differently."""
        return {
            **self.words(),
            "is_long": _is_long,
            "look": self.settings,
            "url": self.url,
            "static": self.static,
            "size_of": self.size_of,
        }

    @property
    def root(self) -> str:
        """The path under which everything lies, with a slash at both ends."""
        return f"{self.base_path}/"

    def url(self, route: str, **parts: str) -> str:
        """The address of a named route, below the base path."""
        return f"{self.base_path}{self.router[route].url_for(**parts)}"

    def static(self, name: str) -> str:
        """The address of a static file. An unknown one is a KeyError."""
        if name not in self.assets:
            raise KeyError(name)
        return self.url("static", version=self.assets.version, name=name)

    def page(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        """Answer with a rendered template, a whole page or a part of one."""
        body = self.environment.get_template(template).render({**self._own(), **values})
        return web.Response(text=body, status=status, headers=headers, content_type="text/html")

    def go(self, request: web.Request, route: str, *, tail: str = "", **parts: str) -> web.Response:
        """Send the browser on to a route: by 303, or by htmx's own header when htmx asked.

        `tail` is what follows the path: a query, or a fragment.
        """
        address = f"{self.url(route, **parts)}{tail}"
        if is_htmx(request):
            return web.Response(status=204, headers={"HX-Redirect": address})
        return web.Response(status=303, headers={"Location": address})

    def size_of(self, size: int) -> str:
        """A number of bytes, “3.4 MB”."""
        if size == 1:
            return self.strings("files.byte")
        if size < 1_000:
            return self.strings("files.bytes", count=size)
        if size < 1_000_000:
            return self.strings("files.kib", count=round(size / 1_000))
        return self.strings("files.mib", count=size / 1_000_000)


def is_htmx(request: web.Request) -> bool:
    """Whether htmx asks, and so wants a part of a page."""
    return request.headers.get("HX-Request") == "true"


def _is_long(text: str) -> bool:
    """Whether a text fills more lines than a page shows at once, at about 60 characters each."""
    return sum(1 + len(line) // 60 for line in text.split("\n")) > _LONG
