"""One WebSocket to a Llama. Owns its handshake, its commands and its end; starts no task.

Whoever holds a `Connection` reads it by calling `next_event` in a loop: that is also what brings
the answers of commands sent from elsewhere.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from yarl import URL

from . import fields
from .errors import (
    CannotConnect,
    ConnectionLost,
    InvalidAuth,
    InvalidInput,
    InvalidUrl,
    LlamaError,
    MalformedMessage,
    TextTooLong,
    Unanswered,
    UnsupportedSchema,
    error_of,
)
from .model import Hello, Node, NodeGone, Observation, Person, Snapshot, Today
from .recalled import Recalled

SCHEMA: Final = 1
LARGEST_MESSAGE: Final = 1024 * 1024
MOST_COMMANDS: Final = 64
OPEN_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 10.0
# The Llama pings every 20 s; one that is silent for this long is gone.
SILENCE_S: Final = 50.0

type Event = Observation | Today | Node | NodeGone
_EVENTS: Final[dict[str, Callable[[Any], Event]]] = {
    "observation": Observation.from_json,
    "today": Today.from_json,
    "node_gone": NodeGone.from_json,
    "node": Node.from_json,
}
_CLOSING: Final = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)


class Connection:
    """An open, started socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, hello: Hello) -> None:
        """Use `LlamaClient.connect`."""
        self.hello: Final = hello
        self._socket = socket
        self._numbers = itertools.count(2)
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._slots = asyncio.Semaphore(MOST_COMMANDS)

    async def next_event(self) -> Event:
        """The next thing the Llama tells; events of kinds not known here are passed over.

        Raises `ConnectionLost` when the socket has closed, `MalformedMessage` for what the API
        does not allow, and `CommandFailed` when the Llama could not read a message of ours.
        """
        while True:
            data = await _receive(self._socket)
            if data.get("type") == "event":
                read = _EVENTS.get(fields.text(data, "event", "an event"))
                if read is not None:
                    return read(data.get("data"))
            else:
                self._answer(data)

    async def write_entry(
        self, person: Person, text: str, *, day: date | None, source: str
    ) -> None:
        """Seal a text into a person's inbox; durable when it returns.

        Raises `UnknownPerson`, `InboxFull`, `TextTooLong`, `InvalidDay`, `InvalidInput`,
        `StorageFailed`, `ConnectionLost`, or `Unanswered` (it may have been written).
        """
        await self._command(
            "write_entry",
            person=person.to_json(),
            text=text,
            day=None if day is None else day.isoformat(),
            source=source,
        )

    async def approve_node(self, node_id: str) -> None:
        """Let an Alpaca into the herd. Raises as `write_entry`, and `UnknownNode`."""
        await self._command("approve_node", node_id=node_id)

    async def recall(
        self, query: str, *, first: date | None, last: date | None, kept: bool, limit: int
    ) -> Recalled:
        """What the house knows of something, `limit` of each kind at most.

        `first` and `last` are days, both included; `kept`: of all memories only those kept. Raises
        `InvalidInput`, `StorageFailed`, `MalformedMessage`, `ConnectionLost`, or `Unanswered`.
        """
        result = await self._command(
            "recall",
            query=query,
            first=None if first is None else first.isoformat(),
            last=None if last is None else last.isoformat(),
            kept=kept,
            limit=limit,
        )
        return Recalled.from_json(result)

    async def close(self) -> None:
        """Close the socket; commands that wait for their answer get `Unanswered`."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unanswered("The connection closed before the answer came."))
        await self._socket.close()

    async def _command(self, kind: str, **members: Any) -> Mapping[str, Any]:
        number = next(self._numbers)
        frame = _frame({"id": number, "type": kind, **members})
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S), self._slots:
                if self._socket.closed:
                    raise ConnectionLost("The connection to the Llama is closed.")
                self._answers[number] = answer
                await self._socket.send_str(frame)
                return await answer
        except TimeoutError:
            raise Unanswered("The Llama did not answer in time.") from None
        except (aiohttp.ClientError, ConnectionError):
            raise ConnectionLost("The connection to the Llama broke.") from None
        finally:
            self._answers.pop(number, None)

    def _answer(self, data: Mapping[str, Any]) -> None:
        """Hand an answer to the command that waits for it; late ones have nobody waiting."""
        number, result = _result(data)
        answer = self._answers.get(number) if number is not None else None
        if isinstance(result, LlamaError):
            if number is None:
                raise result
            if answer is not None and not answer.done():
                answer.set_exception(result)
        elif answer is not None and not answer.done():
            answer.set_result(result)


class LlamaClient:
    """Where a Llama is and how to be let in."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        """Remember the address; `InvalidUrl` unless it is http or https and names a host."""
        self._session = session
        self._url: Final = _api_url(url)
        self._token = token

    async def connect(self) -> tuple[Connection, Snapshot]:
        """Open a socket, agree on the schema, and receive the state of things.

        Raises `CannotConnect`, `InvalidAuth`, `UnsupportedSchema` or `MalformedMessage`.
        """
        if not self._token.isprintable():
            raise InvalidAuth("A token has no line breaks or control characters.")
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await self._session.ws_connect(
                    self._url,
                    headers={"Authorization": f"Bearer {self._token}"},
                    max_msg_size=LARGEST_MESSAGE,
                    timeout=aiohttp.ClientWSTimeout(ws_receive=SILENCE_S, ws_close=2.0),
                )
        except aiohttp.WSServerHandshakeError as error:
            # Not chained: the original holds the request's headers, the token among them.
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise InvalidAuth("The Llama does not accept the token.") from None
            raise CannotConnect(
                f"What answers at {self._url} is no Llama (HTTP {error.status})."
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise CannotConnect(f"No Llama answers at {self._url}: {_reason(error)}.") from error
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                return await _handshake(socket)
        except TimeoutError as error:
            await socket.close()
            raise CannotConnect(f"What answers at {self._url} does not say hello.") from error
        except BaseException:
            await socket.close()
            raise


def _api_url(url: str) -> URL:
    try:
        parsed = URL(url.strip())
    except ValueError:
        raise InvalidUrl("This is not an address.") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InvalidUrl("The address of a Llama has the form http://host:port.")
    return parsed.with_query(None).with_fragment(None) / "api" / "ws"


async def _handshake(socket: aiohttp.ClientWebSocketResponse) -> tuple[Connection, Snapshot]:
    hello = Hello.from_json(await _receive(socket))
    if not hello.min_schema <= SCHEMA <= hello.schema:
        raise UnsupportedSchema(
            f"The Llama speaks schemas {hello.min_schema} to {hello.schema}; this is {SCHEMA}."
        )
    await socket.send_str(_frame({"id": 1, "type": "start", "schema": SCHEMA}))
    number, result = _result(await _receive(socket))
    if isinstance(result, LlamaError):
        raise result
    if number != 1:
        raise MalformedMessage("The Llama answered something else than “start”.")
    return Connection(socket, hello), Snapshot.from_json(result)


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> Mapping[str, Any]:
    try:
        message = await socket.receive()
    except TimeoutError:
        raise ConnectionLost(f"The Llama has been silent for {SILENCE_S:.0f} s.") from None
    if message.type in _CLOSING:
        raise ConnectionLost(f"The Llama closed the connection (code {socket.close_code}).")
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise MalformedMessage("The Llama sent a frame that is not text.")
    return fields.parse_object(message.data)


def _result(data: Mapping[str, Any]) -> tuple[int | None, Mapping[str, Any] | LlamaError]:
    """The number and content of an answer; an error without a number is about no one command."""
    where = "an answer"
    number = None if data.get("id") is None else fields.count(data, "id", where)
    match data.get("type"):
        case "result" if number is not None:
            return number, fields.as_object(data.get("result"), "a result")
        case "error":
            code = fields.filled(data, "code", where)
            message = fields.text(data, "message", where)
            return number, error_of(code, message, fields.text(data, "fix", where))
    raise MalformedMessage("The Llama sent a message of a type that the API does not have.")


def _frame(message: Mapping[str, Any]) -> str:
    frame = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    try:
        size = len(frame.encode())
    except UnicodeEncodeError:
        # Not chained: the original holds the whole text.
        raise InvalidInput("The text holds half a character (a lone surrogate).") from None
    if size > LARGEST_MESSAGE:
        raise TextTooLong(f"One message holds at most {LARGEST_MESSAGE} bytes; this has {size}.")
    return frame


def _reason(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error).rstrip(".")
