"""Pages from templates: the one place that knows addresses, words and Jinja2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from herdbook.errors import ConfigError
from herdbook.journal.settings import Settings
from herdbook.llama.panel.assets import Assets
from herdbook.llama.panel.languages import SOURCE, Languages
from herdbook.llama.panel.strings import Strings

_BASE_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")

_FIRST_WEEKDAY: Final = {"monday": 0, "sunday": 6, "saturday": 5}

_WHOLE_FROM: Final = 1000
_TENTHS_FROM: Final = 10
"""From which on a measured number is shown without decimals, and with one; below, with two."""

_LONG: Final = 40
"""Lines of an entry, above which it is folded."""


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("herdbook.llama.panel"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Pages:
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
    environment: Environment = field(default_factory=_environment)

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
    def first_weekday(self) -> int:
        """With which day a week begins, 0 for Monday."""
        return _FIRST_WEEKDAY[self.settings.week_start]

    def _own(self) -> dict[str, object]:
        """What templates ask of these pages, which others answer differently."""
        return {
            "t": self.strings,
            "iso_of": _iso_of,
            "is_long": _is_long,
            "look": self.settings,
            "url": self.url,
            "static": self.static,
            "time_of": self.time_of,
            "moment_of": self.moment_of,
            "date_of": self.date_of,
            "long_date": self.long_date,
            "short_date": self.short_date,
            "day_of": self.day_of,
            "size_of": self.size_of,
            "month_name": self.month_name,
            "month_short": self.month_short,
            "weekday": self.weekday,
            "weekday_short": self.weekday_short,
            "capital": _capital,
            "unbroken": _unbroken,
            "sensor_name": _sensor_name,
            "mark_of": self.mark_of,
            "number": self.strings.number,
            "measured": self.measured,
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

    def time_of(self, moment: int | str) -> str:
        """A wall time, in milliseconds or as ISO 8601, as hours and minutes of the household."""
        time = _moment(moment).astimezone(self.zone)
        if self.settings.clock == "24":
            return time.strftime("%H:%M")
        hour = f"{time.hour % 12 or 12}:{time.minute:02}"
        if time.hour < 12:
            return self.strings("dates.am", time=hour)
        return self.strings("dates.pm", time=hour)

    def date_of(self, moment: int | str) -> date:
        """The household's day of a wall time."""
        return _moment(moment).astimezone(self.zone).date()

    def moment_of(self, moment: int | str, year: int | None = None) -> str:
        """A wall time as a day and a time, “20 November, 22:15”.

        Where `year` is known to the reader, another one is told: “20 November 2026, 22:15”.
        """
        date = self.date_of(moment)
        day = self.short_date(date)
        if year is not None and year != date.year:
            day = self.strings("dates.day_year", day=day, year=f"{date.year:04}")
        return self.strings("dates.moment", day=day, time=self.time_of(moment))

    def weekday(self, day: date) -> str:
        """“Friday”."""
        return self.weekday_name(day.weekday())

    def weekday_name(self, number: int) -> str:
        """“Monday” for 0."""
        return self.strings("dates.weekdays").split()[number]

    def weekday_short(self, day: date) -> str:
        """“Fr”, as it heads a column."""
        return self.strings("dates.weekdays_short").split()[day.weekday()]

    def short_date(self, day: date) -> str:
        """“20 November”."""
        return self.strings("dates.day", day=self._number(day), month=self._month(day))

    def day_of(self, day: date) -> str:
        """“20 November 2026”."""
        return self.strings("dates.day_year", day=self.short_date(day), year=f"{day.year:04}")

    def month_name(self, day: date) -> str:
        """“November 2026”."""
        return self.strings("dates.month", month=self._month(day), year=f"{day.year:04}")

    def month_short(self, day: date) -> str:
        """“Nov”, as it begins a row."""
        return self.strings("dates.months_short").split()[day.month - 1]

    def long_date(self, day: date) -> str:
        """“Friday, 20 November 2026”."""
        return self.strings(
            "dates.long",
            weekday=self.weekday(day),
            day=self._number(day),
            month=self._month(day),
            year=f"{day.year:04}",
        )

    def size_of(self, size: int) -> str:
        """A number of bytes, “3.4 MB”."""
        if size == 1:
            return self.strings("files.byte")
        if size < 1_000:
            return self.strings("files.bytes", count=size)
        if size < 1_000_000:
            return self.strings("files.kib", count=round(size / 1_000))
        return self.strings("files.mib", count=size / 1_000_000)

    def mark_of(self, moment: int) -> str:
        """A day as it stands below a drawing: “20 Nov”."""
        day = self.date_of(moment)
        return self.strings("dates.day", day=day.day, month=self.month_short(day))

    def measured(self, value: float, unit: str = "") -> str:
        """A measured number and its unit, “21.4 °C”, as precise as one can tell at a glance."""
        number = self.strings.number(value, _decimals_of(value))
        return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number

    def _month(self, day: date) -> str:
        return self.strings("dates.months").split()[day.month - 1]

    def _number(self, day: date) -> str:
        """Which day of its month: some languages count the first one otherwise than the others."""
        return self.strings("dates.first") if day.day == 1 else str(day.day)


def is_htmx(request: web.Request) -> bool:
    """Whether htmx asks, and so wants a part of a page."""
    return request.headers.get("HX-Request") == "true"


def _moment(moment: int | str) -> datetime:
    if isinstance(moment, int):
        return datetime.fromtimestamp(moment / 1000, UTC)
    return datetime.fromisoformat(moment)


def _capital(text: str) -> str:
    """A date as a line begins with it: many languages write months and weekdays small."""
    return text[:1].upper() + text[1:]


def _unbroken(sentence: str, unit: str | None) -> str:
    """What the house says, with no line ending between a number and its unit."""
    if unit is None:
        return sentence
    return re.sub(rf"(?<=\d) (?={re.escape(unit)})", "\N{NBSP}", sentence)


def _sensor_name(sensor: str) -> str:
    """“Room temperature” for what a node calls “room_temperature”."""
    return _capital(sensor.replace("_", " "))


def _decimals_of(value: float) -> int:
    if value == int(value) or abs(value) >= _WHOLE_FROM:
        return 0
    return 1 if abs(value) >= _TENTHS_FROM else 2


def _is_long(text: str) -> bool:
    """Whether a text fills more lines than a page shows at once, at about 60 characters each."""
    return sum(1 + len(line) // 60 for line in text.split("\n")) > _LONG


def _iso_of(moment: int | str) -> str:
    return _moment(moment).isoformat(timespec="seconds")
