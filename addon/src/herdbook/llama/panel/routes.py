"""The panel's table of addresses, and how its parts come together."""

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import Final

from aiohttp import web

from herdbook.clock import Clock
from herdbook.embedding.model import Model
from herdbook.house.book import HouseBook
from herdbook.house.recall import Recall
from herdbook.llama.herd.ways import Ways
from herdbook.llama.imports import Imports
from herdbook.llama.keys import Keys
from herdbook.llama.panel import (
    creation,
    days,
    drafts,
    entrance,
    entries,
    files,
    incoming,
    jot,
    keys,
    manual,
    memories,
    months,
    nodes,
    outgoing,
    printing,
    recollection,
    search,
    sensor,
    settings,
    trace,
    traces,
    versions,
    watch,
    weekdays,
)
from herdbook.llama.panel.desk import DESK, Desk, HerdDesk
from herdbook.llama.panel.faults import translate
from herdbook.llama.panel.ingress import ingress
from herdbook.llama.panel.pages import PACKAGE, Pages
from herdbook.llama.panel.sessions import Sessions
from herdbook.llama.vaults import Vaults
from herdbook.web.assets import Assets
from herdbook.web.guard import add_headers, guard
from herdbook.web.languages import Languages

_BODY_LIMIT: Final = 2 * 1024**2
"""An entry of 100,000 characters, each of them percent-encoded, and room to spare."""

_ROUTES: Final[
    tuple[tuple[str, str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]], ...]
] = (
    ("home", "GET", "/", days.home),
    ("sign_in", "GET", "/sign-in", entrance.show_sign_in),
    ("", "POST", "/sign-in", entrance.sign_in),
    ("locked", "GET", "/locked", entrance.show_sign_in),
    ("lock", "POST", "/lock", entrance.lock),
    ("create", "GET", "/create", creation.show_create),
    ("", "POST", "/create", creation.create),
    ("code", "GET", "/create/code", creation.show_code),
    ("confirm", "GET", "/create/confirm", creation.show_confirm),
    ("", "POST", "/create/confirm", creation.confirm),
    ("day", "GET", "/day/{day}", days.show),
    ("entries", "POST", "/day/{day}/entries", days.write),
    ("draft", "GET", "/day/{day}/draft", drafts.show),
    ("", "POST", "/day/{day}/draft", drafts.save),
    ("discard", "POST", "/day/{day}/discard", drafts.discard),
    ("files", "GET", "/day/{day}/files", files.listed),
    ("", "POST", "/day/{day}/files", files.add),
    ("take_off", "POST", "/day/{day}/files/{file}/remove", files.take_off),
    ("put_back", "POST", "/day/{day}/files/{file}/restore", files.put_back),
    ("file", "GET", "/file/{file}", files.hand_out),
    ("thumbnail", "GET", "/file/{file}/small", files.thumbnail),
    ("picture", "GET", "/file/{file}/view", files.show),
    ("", "POST", "/file/{file}/view", files.describe),
    ("house", "GET", "/day/{day}/house", days.house),
    ("jot", "GET", "/jot", jot.show),
    ("help", "GET", "/help", manual.show),
    ("print", "GET", "/print", printing.show),
    ("calendar_now", "GET", "/calendar", months.now),
    ("calendar", "GET", "/calendar/{month}", months.show),
    ("search", "GET", "/search", search.show),
    ("", "POST", "/search", search.find),
    ("search_forget", "POST", "/search/forget", search.forget),
    ("watch", "GET", "/watch", watch.show),
    ("versions", "GET", "/entry/{entry}/versions", versions.show),
    ("take_back", "POST", "/entry/{entry}/versions/{version}", versions.take_back),
    ("delete", "POST", "/entry/{entry}/delete", entries.delete),
    ("restore", "POST", "/entry/{entry}/restore", entries.restore),
    ("add_trace", "POST", "/entry/{entry}/traces", entries.add_trace),
    ("remove_trace", "POST", "/entry/{entry}/traces/remove", entries.remove_trace),
    ("traces", "GET", "/traces", traces.show),
    ("", "POST", "/traces", traces.show),
    ("complete", "POST", "/traces/complete", traces.complete),
    ("trace", "GET", "/trace/{trace}", trace.show),
    ("rename_trace", "POST", "/trace/{trace}/rename", trace.rename),
    ("merge_trace", "POST", "/trace/{trace}/merge", trace.merge),
    ("delete_trace", "POST", "/trace/{trace}/delete", trace.delete),
    ("settings", "GET", "/settings", settings.show),
    ("", "POST", "/settings", settings.change),
    ("weekdays", "GET", "/weekdays", weekdays.show),
    ("", "POST", "/weekdays", weekdays.change),
    ("meaning", "GET", "/settings/meaning", settings.meaning),
    ("keys", "GET", "/keys", keys.show),
    ("keys_password", "POST", "/keys/password", keys.change_password),
    ("keys_new_code", "POST", "/keys/new-code", keys.new_code),
    ("keys_rotation", "POST", "/keys/rotation", keys.new_key),
    ("keys_code", "GET", "/keys/code", keys.show_code),
    ("keys_confirm", "GET", "/keys/confirm", keys.show_confirm),
    ("", "POST", "/keys/confirm", keys.confirm),
    ("keys_progress", "GET", "/keys/progress", keys.show_progress),
    ("keys_lock", "POST", "/keys/lock", keys.lock_everywhere),
    ("exchange", "GET", "/exchange", incoming.show),
    ("take_out", "POST", "/exchange/take-out", outgoing.take_out),
    ("upload", "POST", "/exchange/upload", incoming.upload),
    ("preview", "GET", "/exchange/preview", incoming.preview),
    ("unseal", "POST", "/exchange/unseal", incoming.unseal),
    ("bring_in", "POST", "/exchange/bring-in", incoming.bring_in),
    ("discard_file", "POST", "/exchange/discard", incoming.discard),
    ("undo", "POST", "/exchange/undo/{id}", incoming.undo),
    ("exchange_progress", "GET", "/exchange/progress", incoming.progress),
    ("herd", "GET", "/herd", nodes.show),
    ("recall", "GET", "/herd/recall", recollection.show),
    ("", "POST", "/herd/recall", recollection.find),
    ("review", "POST", "/herd/memories", memories.review),
    ("node", "GET", "/herd/{node_id}", nodes.show_one),
    ("approve", "POST", "/herd/{node_id}/approve", nodes.approve),
    ("rename_node", "POST", "/herd/{node_id}/rename", nodes.rename),
    ("let_go", "POST", "/herd/{node_id}/let-go", nodes.let_go),
    (
        "sensor",
        "GET",
        r"/herd/{node_id}/sensor/{series:[0-9]{1,15}}/{span:day|week|quarter}",
        sensor.show,
    ),
    (
        "sensor_on",
        "GET",
        r"/herd/{node_id}/sensor/{series:[0-9]{1,15}}/on/{day:[0-9]{4}-[0-9]{2}-[0-9]{2}}",
        sensor.show_day,
    ),
)

_UPLOADS: Final = (files.add, days.write, incoming.upload)


def panel_app(
    vaults: Vaults,
    herd: HerdDesk,
    book: HouseBook,
    clock: Clock,
    zone: tzinfo,
    base_path: str,
    secure: bool,
    *,
    hosts: frozenset[str] = frozenset(),
    supervisor: str | None = None,
    recall: Recall | None = None,
    ways: Callable[[], Ways] = lambda: Ways("connected", http=False),
) -> web.Application:
    """The whole panel as one application, to be served as it is.

    `base_path` (empty, or like ``/herdbook``) is the prefix under which browsers see it: requests
    are answered with it and without, as some reverse proxies strip it. `secure` says that browsers
    come by HTTPS. `hosts` are the names it answers to besides localhost and IP addresses.
    `supervisor` is the one address that may ask, if Home Assistant's ingress shows the panel; it
    answers to every name then, as Home Assistant does. Without `recall`, the house is searched by
    words only. `ways` tells how nodes reach this Llama. Raises `ConfigError` for a base path that
    is none.

    Serve it with ``access_log=None``: addresses tell which days somebody reads.
    """
    app = web.Application(
        middlewares=(
            [translate, guard(frozenset(host.lower() for host in hosts), _UPLOADS)]
            if supervisor is None
            else [ingress(supervisor), translate, guard(None, _UPLOADS)]
        ),
        client_max_size=_BODY_LIMIT,
    )
    assets = Assets(PACKAGE)
    pages = Pages(app.router, Languages.load(PACKAGE), assets, zone, base_path)
    static = ("static", "GET", r"/static/{version}/{name:.+}", assets.serve)
    for prefix in dict.fromkeys(("", base_path)):
        for name, method, path, handler in (*_ROUTES, static):
            named = name if name and not prefix else None
            app.router.add_route(method, prefix + path, handler, name=named)
    sessions = Sessions(clock)
    vaults.on_lock.append(sessions.forget_questions)
    changes = Keys(vaults, clock)
    imports = Imports(vaults, clock, zone)

    async def finish_changes(_app: web.Application) -> None:
        await imports.close()
        await changes.close()

    app.on_cleanup.append(finish_changes)
    app[DESK] = Desk(
        vaults,
        changes,
        imports,
        herd,
        book,
        clock,
        zone,
        sessions,
        pages,
        secure,
        recall or book.recall(Model()),
        ways,
    )
    app.on_response_prepare.append(add_headers)
    return app
