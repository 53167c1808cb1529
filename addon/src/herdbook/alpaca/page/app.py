"""A node's page as one application: its addresses, what guards them, and what is said of errors."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from herdbook.alpaca.knowledge import Knowledge
from herdbook.alpaca.page import entrance, views
from herdbook.alpaca.page.desk import DESK, Desk, desk_of, pages_of
from herdbook.alpaca.page.pages import PACKAGE, NodePages
from herdbook.alpaca.page.secret import load_or_create
from herdbook.alpaca.page.settings import PageSettings
from herdbook.clock import Clock
from herdbook.errors import HerdbookError
from herdbook.web.assets import Assets
from herdbook.web.guard import add_headers, guard
from herdbook.web.languages import Languages
from herdbook.web.rendering import is_htmx

_BODY_LIMIT: Final = 16 * 1024
_ROUTES: Final[
    tuple[tuple[str, str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]], ...]
] = (
    ("home", "GET", "/", views.home),
    ("sensor", "GET", "/sensor/{sensor}/{span:day|week|month}", views.sensor),
    ("observations", "GET", "/observations", views.observations),
    ("memories", "GET", "/memories", views.memories),
    ("thoughts", "GET", "/thoughts", views.thoughts),
    ("status", "GET", "/status", views.status),
    ("observe", "POST", "/observe", views.observe),
    ("sign_in", "GET", "/sign-in", entrance.show),
    ("enter", "POST", "/sign-in", entrance.sign_in),
    ("sign_out", "POST", "/sign-out", entrance.sign_out),
)

_log = logging.getLogger(__name__)


def page_app(
    knowledge: Knowledge,
    node_id: str,
    settings: PageSettings,
    name: str,
    folder: Path,
    clock: Clock,
) -> web.Application:
    """The page of the node that is called `name` and keeps its data in `folder`.

    Raises `StorageError` when its token cannot be read.
    """
    app = web.Application(
        middlewares=[
            _translate,
            guard(frozenset(host.lower() for host in settings.hosts)),
            entrance.door,
        ],
        client_max_size=_BODY_LIMIT,
    )
    assets = Assets(PACKAGE)
    for route, method, path, handler in _ROUTES:
        app.router.add_route(method, path, handler, name=route)
    app.router.add_get("/static/{version}/{name:.+}", assets.serve, name="static")
    app[DESK] = Desk(
        knowledge=knowledge,
        pages=NodePages(app.router, Languages.load(PACKAGE), assets, name),
        token=load_or_create(folder),
        # Browsers tell the cookies of two nodes on one machine apart by their names alone.
        cookie=f"herdbook-{node_id[:8]}",
        clock=clock,
        write=settings.write,
    )
    app.on_response_prepare.append(add_headers)
    return app


@web.middleware
async def _translate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a page that says what happened."""
    try:
        return await handler(request)
    except HerdbookError as error:
        _log.warning("The page: %s", error)
        return _fault(request, 503, error.message, error.fix)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        strings = pages_of(request).strings
        key = f"faults.text_{error.status}"
        return _fault(request, error.status, strings(key if key in strings else "faults.text"), "")


def _fault(request: web.Request, status: int, message: str, fix: str) -> web.Response:
    if is_htmx(request):
        return web.Response(status=status)
    return desk_of(request).page(
        request, "fault.html", {"message": message, "fix": fix}, status=status
    )
