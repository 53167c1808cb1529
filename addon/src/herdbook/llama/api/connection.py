"""One client of the API: its WebSocket, from hello to close."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiohttp import WSMsgType, web

from herdbook.errors import HerdbookError, MessageInvalid, SchemaUnsupported
from herdbook.llama.api.feed import Feed, Subscription
from herdbook.llama.api.messages import (
    MIN_SCHEMA,
    SCHEMA,
    Command,
    Hello,
    Result,
    Start,
    decode,
    encode,
    error_of,
    id_of,
)

CLOSE_SCHEMA: Final = 4000
CLOSE_SLOW: Final = 4008
_CLOSE_TIMEOUT_S: Final = 2.0

_LOGGER = logging.getLogger(__name__)

type Handle = Callable[[Command], Awaitable[object]]


class Connection:
    """Commands are answered one after the other; events go out as the client reads them."""

    def __init__(self, socket: web.WebSocketResponse, feed: Feed, handle: Handle) -> None:
        self._socket = socket
        self._feed = feed
        self._handle = handle
        self._outgoing = Subscription()

    async def serve(self, hello: Hello) -> None:
        """Until either side closes, or the client does not read."""
        await self._outgoing.answer(encode(hello))
        tasks = {
            asyncio.create_task(work, name=f"api {name}")
            for name, work in (
                ("reader", self._read()),
                ("writer", self._write()),
                ("overflow", self._outgoing.overflowed.wait()),
            )
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._outgoing.overflowed.is_set():
            _LOGGER.warning("A client of the API does not read its messages: closing it")
            await self._close_slow()
        for task in done:
            with suppress(ConnectionResetError):  # a client that goes without a word is ordinary
                task.result()

    async def _read(self) -> None:
        start = await self._receive()
        if start is None:
            return
        while not isinstance(start, Start):
            await self._refuse(start.id, MessageInvalid("The first command is “start”."))
            start = await self._receive()
            if start is None:
                return
        if not MIN_SCHEMA <= start.schema <= SCHEMA:
            unsupported = SchemaUnsupported(
                f"This Llama speaks schema {SCHEMA}; the client asked for {start.schema}.",
                fix="Update the Llama and the Herdbook integration to the same release.",
            )
            await self._socket.send_str(encode(error_of(start.id, unsupported)).decode())
            await self._socket.close(code=CLOSE_SCHEMA)
            return
        # Subscribed before the snapshot is taken: what happens meanwhile comes after it, not never.
        with self._feed.subscribed(self._outgoing):
            await self._answer(start)
            while await self._answer_next():
                pass

    async def _answer_next(self) -> bool:
        """Answer one command; False at the end. It is let go of before the next is waited for."""
        command = await self._receive()
        if command is not None:
            await self._answer(command)
        return command is not None

    async def _receive(self) -> Command | None:
        """The next readable command; None at the end. Unreadable ones are answered here."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                await self._refuse(None, MessageInvalid("Messages are JSON text."))
                continue
            try:
                return decode(message.data)
            except HerdbookError as error:
                await self._refuse(id_of(message.data), error)
        return None

    async def _answer(self, command: Command) -> None:
        try:
            result = await self._handle(command)
        except HerdbookError as error:
            await self._refuse(command.id, error)
        except Exception:
            # A fault of ours in one command must not take the others' connection down.
            _LOGGER.exception("The API command %s failed", type(command).__name__)
            await self._refuse(
                command.id, HerdbookError("The Llama made a mistake.", fix="Its log has more.")
            )
        else:
            await self._outgoing.answer(encode(Result(command.id, result)))

    async def _refuse(self, command_id: int | None, error: HerdbookError) -> None:
        await self._outgoing.answer(encode(error_of(command_id, error)))

    async def _write(self) -> None:
        while True:
            message = await self._outgoing.queue.get()
            await self._socket.send_str(message.decode())

    async def _close_slow(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._socket.close(code=CLOSE_SLOW, message=b"slow client")
        except TimeoutError:
            _LOGGER.debug("The slow client did not take the close either")
