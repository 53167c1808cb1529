"""What every handler of a node's page has at hand."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from herdbook.alpaca.knowledge import Knowledge
from herdbook.alpaca.page.pages import NodePages
from herdbook.clock import Clock

WAYS: Final = ("home", "observations", "memories", "thoughts", "status")
"""The pages that every page leads to; to thoughts only where there is a model."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The node, its pages, and what guards them. `write` allows to have it observe."""

    knowledge: Knowledge
    pages: NodePages
    token: str
    cookie: str
    clock: Clock
    write: bool

    def page(
        self, request: web.Request, template: str, values: dict[str, object], *, status: int = 200
    ) -> web.Response:
        """Answer with a page, in the language of who asks."""
        known = {
            "node": self.pages.node,
            "write": self.write,
            "ways": [way for way in WAYS if way != "thoughts" or self.knowledge.thoughts],
        }
        return pages_of(request).page(template, {**known, **values}, status=status)


DESK: Final = web.AppKey("desk", Desk)


def desk_of(request: web.Request) -> Desk:
    """The node's desk."""
    return request.app[DESK]


def pages_of(request: web.Request) -> NodePages:
    """The pages in the language that the browser asks for."""
    return desk_of(request).pages.asked(request.headers.get("Accept-Language", ""))
