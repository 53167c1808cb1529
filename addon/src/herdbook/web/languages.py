"""The languages that pages speak, and which of them a browser asks for."""

import re
from collections.abc import Container, Iterator
from importlib.resources import files
from typing import Final, Self

from herdbook.web.strings import Strings

SOURCE: Final = "en"
"""The language every text is first written in, for whom no other fits."""

_RANGE: Final = re.compile(
    r"(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:\s*;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?"
)


class Languages:
    """Every catalogue, by the code of its language; iterated in the order of their names."""

    def __init__(self, catalogues: dict[str, Strings]) -> None:
        self._catalogues = catalogues

    @classmethod
    def load(cls, package: str) -> Self:
        """Those generated into a package."""
        folder = files(package) / "strings"
        names = [file.name for file in folder.iterdir() if file.name.endswith(".json")]
        codes = [name.removesuffix(".json") for name in names]
        return cls({code: Strings.load(package, code) for code in codes})

    def __getitem__(self, language: str) -> Strings:
        return self._catalogues[language]

    def __iter__(self) -> Iterator[Strings]:
        return iter(sorted(self._catalogues.values(), key=lambda words: words("app.language")))

    def asked_for(self, accept_language: str) -> str:
        """The language that an ``Accept-Language`` likes best of those there are."""
        return preferred(accept_language, self._catalogues) or SOURCE


def preferred(accept_language: str, offered: Container[str]) -> str | None:
    """The best of the `offered` languages for an ``Accept-Language`` (RFC 9110, 12.5.4).

    Ranges are tried by their weight, then in their order, each shortened until something fits
    (RFC 4647, 3.4: “de-AT” finds “de”). None where nothing does, or anything would. What is no
    range is passed over: a browser's mistake hides no page.
    """
    ranges = [_RANGE.fullmatch(part.strip()) for part in accept_language.lower().split(",")]
    weighed = [(float(found[2] or 1), found[1]) for found in ranges if found]
    for weight, language in sorted(weighed, key=lambda one: one[0], reverse=True):
        if weight == 0 or language == "*":
            break
        while language:
            if language in offered:
                return language
            language = language.rpartition("-")[0]
    return None
