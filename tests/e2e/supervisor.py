"""What stands between a browser and the panel in Home Assistant: a double of its ingress.

It takes the path off and says who asks, as Home Assistant and its Supervisor do together.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.llama.panel.stage import Stage

PATH = "/api/hassio_ingress/Zk3-x_9"
_FRAME = f'<!doctype html><iframe src="{PATH}/" width="{{}}" height="800"></iframe>'
_OWN = {"connection", "content-length", "transfer-encoding", "keep-alive"}


@dataclass
class Ingress:
    """What it says of each request. Without a `user_id` its own session has expired."""

    url: str
    user_id: str
    said: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def ingress(set_up: Stage, user_id: str) -> AsyncIterator[Ingress]:
    """An ingress to a panel, for a browser; a page at its root shows the panel in a frame.

    That is as wide as a phone, or as the address says, as in ``/?width=1440``.
    """
    told = Ingress("", user_id)

    async def hand_on(request: web.Request) -> web.Response:
        if not told.user_id:
            return web.Response(status=401, text="401: Unauthorized")
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _OWN
        }
        headers |= {"X-Ingress-Path": PATH, "X-Remote-User-Id": told.user_id, **told.said}
        target = set_up.server.make_url(f"/{request.match_info['rest']}").with_query(request.query)
        async with session.request(
            request.method,
            target,
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in _OWN]
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def frame(request: web.Request) -> web.Response:
        width = int(request.query.get("width", "390"))
        return web.Response(text=_FRAME.format(width), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", frame)
    app.router.add_route("*", f"{PATH}/{{rest:.*}}", hand_on)
    async with (
        ClientSession(auto_decompress=False) as session,
        TestServer(app, host="127.0.0.1") as server,
    ):
        told.url = f"http://127.0.0.1:{server.port}"
        yield told
