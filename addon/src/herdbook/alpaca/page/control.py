"""What the control socket answers: JSON, to whoever may open the socket. See docs/node-api.md."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Meta, Struct

from herdbook.alpaca.knowledge import Knowledge
from herdbook.errors import HerdbookError, InputError, StorageError, Unavailable

if TYPE_CHECKING:
    from herdbook.alpaca.mind import Mind

_BODY_LIMIT: Final = 16 * 1024
_DEFAULT: Final = 50
_MOST: Final = 1000
_LOOK_EVERY_S: Final = 0.5
_STATUS: Final = ((InputError, 422), (Unavailable, 503), (StorageError, 507))


class Question(Struct, frozen=True):
    """What `recall` and `ask` are asked."""

    words: Annotated[str, Meta(min_length=1, max_length=500)]


def control_app(knowledge: Knowledge, mind: "Mind | None") -> web.Application:
    """The routes of one node; without a model there is no `mind`."""

    async def status(_: web.Request) -> web.Response:
        return _answer(await knowledge.status())

    async def sensors(_: web.Request) -> web.Response:
        return _answer({"sensors": knowledge.sensors()})

    async def observations(request: web.Request) -> web.Response:
        return _answer({"observations": await knowledge.observations(_limit(request))})

    async def observe(_: web.Request) -> web.Response:
        return _answer({"observations": await knowledge.observe()})

    async def memories(request: web.Request) -> web.Response:
        return _answer({"memories": await knowledge.memories.memories(_limit(request))})

    async def recall(request: web.Request) -> web.Response:
        question = _question(await request.read())
        return _answer(await knowledge.memories.recall(question.words))

    async def thoughts(request: web.Request) -> web.Response:
        if knowledge.thoughts is None:
            return _no_model()
        return _answer({"thoughts": await knowledge.thoughts.thoughts(_limit(request))})

    async def ask(request: web.Request) -> web.Response:
        question = _question(await request.read())
        if mind is None:
            return _no_model()
        return _answer(await _while_asked(request, mind.ask(question.words)))

    app = web.Application(middlewares=[_told], client_max_size=_BODY_LIMIT)
    app.router.add_get("/v1/status", status)
    app.router.add_get("/v1/sensors", sensors)
    app.router.add_get("/v1/observations", observations)
    app.router.add_post("/v1/observe", observe)
    app.router.add_get("/v1/memories", memories)
    app.router.add_post("/v1/recall", recall)
    app.router.add_get("/v1/thoughts", thoughts)
    app.router.add_post("/v1/ask", ask)
    return app


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as JSON, as the Llama's API says them."""
    try:
        return await handler(request)
    except HerdbookError as error:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        return _answer(
            {"code": error.code, "message": error.message, "fix": error.fix}, status=status
        )
    except web.HTTPException as error:
        said = {"code": "http", "message": f"{error.status} {error.reason}.", "fix": ""}
        return _answer(said, status=error.status)


async def _while_asked[A](request: web.Request, answering: Coroutine[Any, Any, A]) -> A:
    """The answer; it is given up soon after whoever asked has gone: it may be about to act."""
    task = asyncio.create_task(answering)
    try:
        while not task.done():
            if request.transport is None:
                raise InputError("Whoever asked has gone.")
            await asyncio.wait({task}, timeout=_LOOK_EVERY_S)
        return task.result()
    finally:
        task.cancel()


def _limit(request: web.Request) -> int:
    asked = request.query.get("limit", str(_DEFAULT))
    if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= _MOST):
        raise InputError(f"“limit” is a whole number from 1 to {_MOST}.")
    return int(asked)


def _question(body: bytes) -> Question:
    try:
        return msgspec.json.decode(body, type=Question)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            'The body is not like {"words": "…"}, of at most 500 characters.'
        ) from error


def _no_model() -> web.Response:
    said = {
        "code": "not_here",
        "message": "This node has no model.",
        "fix": "Name one under [model] in its alpaca.toml, and start it again.",
    }
    return _answer(said, status=404)


def _answer(value: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
