"""The herd's page: every node, and the approval of new ones."""

from aiohttp import web

from herdbook.llama.panel.desk import desk_of, signed_in
from herdbook.llama.panel.pages import is_htmx


async def show(request: web.Request) -> web.Response:
    """All nodes; by htmx, which asks again and again, only their list."""
    signed_in(request)
    desk = desk_of(request)
    nodes = sorted(await desk.herd.nodes(), key=lambda node: (node.name.casefold(), node.node_id))
    return desk.pages.page(
        "parts/nodes.html" if is_htmx(request) else "herd.html",
        {
            "waiting": [node for node in nodes if not node.approved],
            "approved": [node for node in nodes if node.approved],
        },
    )


async def approve(request: web.Request) -> web.Response:
    """Make a node part of the herd."""
    signed_in(request)
    desk = desk_of(request)
    await desk.herd.approve(request.match_info["node_id"])
    return await show(request) if is_htmx(request) else desk.pages.go(request, "herd")
