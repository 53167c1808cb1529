"""The pages of a node: whose templates, whose words, by which clock."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from aiohttp import web
from jinja2 import Environment

from herdbook.web.assets import Assets
from herdbook.web.languages import SOURCE, Languages
from herdbook.web.rendering import Rendering, environment

PACKAGE: Final = "herdbook.alpaca.page"


@dataclass(frozen=True, slots=True)
class NodePages(Rendering):
    """See `Rendering`. `node` is what the node is called."""

    router: web.UrlDispatcher
    languages: Languages
    assets: Assets
    node: str
    base_path: str = ""
    language: str = SOURCE
    zone: tzinfo = UTC
    environment: Environment = field(default_factory=lambda: environment(PACKAGE))

    @property
    def clock(self) -> str:
        """See `Telling`: a node knows nobody, and so nobody's habits."""
        return "24"

    def asked(self, accept_language: str) -> "NodePages":
        """The same pages in the language that a browser asks for, by this machine's clock."""
        zone = datetime.now(UTC).astimezone().tzinfo or UTC
        return replace(self, language=self.languages.asked_for(accept_language), zone=zone)
