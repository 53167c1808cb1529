"""The herd's pages: every node, and one with its sensors; letting in, naming, and letting go."""

from functools import partial
from itertools import groupby
from typing import Final

from aiohttp import web

from herdbook.errors import InputError, NodeUnknown
from herdbook.house.node import NodeRow
from herdbook.llama.panel import memories, thoughts
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.web.chart import spark
from herdbook.web.rendering import is_htmx

_DAY_MS: Final = 86_400_000
_WORDS: Final = 5
_REFUSED: Final = 20
NAME_LIMIT: Final = 64


async def show(request: web.Request) -> web.Response:
    """All nodes; by htmx, which asks again and again, only their list."""
    _, opening = signed_in(request)
    desk = desk_of(request)
    nodes = sorted(await desk.herd.nodes(), key=lambda node: (node.name.casefold(), node.node_id))
    return desk.pages.page(
        "parts/nodes.html" if is_htmx(request) else "herd.html",
        {
            "ways": desk.ways(),
            "waiting": [node for node in nodes if not node.approved and not node.retired],
            "approved": [node for node in nodes if node.approved],
            "retired": [node for node in nodes if node.retired],
            "words": await desk.book.last_words(),
            **await memories.shown(desk),
            **await thoughts.shown(desk, opening),
            "refusals": await _refusals(desk),
            "refused": (await desk.book.quarantined())[:_REFUSED],
            "said_of": partial(_said, desk),
            "names": {node.node_id: node.name for node in nodes},
        },
    )


async def show_one(request: web.Request) -> web.Response:
    """One node: how it is, what it said last, and what its sensors read."""
    signed_in(request)
    desk = desk_of(request)
    node = await _node(desk, request.match_info["node_id"])
    now = desk.clock.wall_ms()
    glances = await desk.book.glances(node.node_id)
    return desk.pages.page(
        "node.html",
        {
            "node": node,
            "words": await desk.book.observations_of(node.node_id, _WORDS),
            "glances": [(one, spark(one.hours, now - _DAY_MS, now)) for one in glances],
            "year": desk.today().year,
            "name_limit": NAME_LIMIT,
        },
    )


async def approve(request: web.Request) -> web.Response:
    """Make a node part of the herd."""
    signed_in(request)
    desk = desk_of(request)
    await desk.herd.approve(request.match_info["node_id"])
    return await show(request) if is_htmx(request) else desk.pages.go(request, "herd")


async def rename(request: web.Request) -> web.Response:
    """Call a node something else here; nothing, and it is called what it calls itself."""
    signed_in(request)
    desk = desk_of(request)
    node = await _node(desk, request.match_info["node_id"])
    name = (await fields_of(request)).get("name", "").strip()
    if len(name) > NAME_LIMIT or not name.isprintable():
        raise InputError(
            f"A name has at most {NAME_LIMIT} visible characters.",
            fix="Shorten it, or choose another.",
            reason="name_invalid",
            limit=NAME_LIMIT,
        )
    await desk.herd.rename(node.node_id, name or None)
    return desk.pages.go(request, "node", node_id=node.node_id)


async def let_go(request: web.Request) -> web.Response:
    """Take a node out of the herd, and keep or erase what it told."""
    signed_in(request)
    desk = desk_of(request)
    node = await _node(desk, request.match_info["node_id"])
    data = (await fields_of(request)).get("data", "")
    if data not in {"keep", "erase"}:
        raise InputError("There is no such choice.", reason="no_such_choice")
    if data == "erase":
        await desk.herd.forget(node.node_id)
    else:
        await desk.herd.retire(node.node_id)
    return desk.pages.go(request, "herd")


async def _node(desk: Desk, node_id: str) -> NodeRow:
    for node in await desk.herd.nodes():
        if node.node_id == node_id:
            return node
    raise NodeUnknown("No node of that id has said hello.")


async def _refusals(desk: Desk) -> list[tuple[str, int]]:
    """How often something was refused, by what is said of it, the most frequent first."""
    counts = await desk.book.refusals()
    said = sorted((_said(desk, reason), count) for reason, count in counts.items())
    summed = [(words, sum(n for _, n in its)) for words, its in groupby(said, lambda one: one[0])]
    return sorted(summed, key=lambda one: -one[1])


def _said(desk: Desk, reason: str) -> str:
    """A reason in words; one that this version has none for, as it is."""
    strings = desk.pages.strings
    key = f"herd.refused_{reason.removeprefix('hello_').removeprefix('ask_')}"
    return strings(key) if key in strings else reason
