"""What comes in by HTTP, and what is answered: the very bytes that go over a broker. No sockets.

docs/protocol.md says which answer stands for what. Strangers have an allowance: whatever they send,
the book is not written to more often than that.
"""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from herdbook.allowance import Allowance
from herdbook.clock import Clock
from herdbook.errors import BatchRefused, MessageRefused
from herdbook.eventlog.batch import MAX_WIRE, open_batch
from herdbook.eventlog.messages import MAX_MESSAGE, open_hello
from herdbook.eventlog.neighbours import open_ask
from herdbook.house.book import HouseBook
from herdbook.house.node import Greeting
from herdbook.llama.herd.haves import Haves
from herdbook.llama.herd.intake import Intake
from herdbook.llama.herd.neighbourhood import Neighbourhood

STRANGERS_AT_ONCE: Final = 64
STRANGERS_EVERY_MS: Final = 500
"""What is allowed to all strangers together."""

type Read = Callable[[int], Awaitable[bytes]]


class Answer(NamedTuple):
    """A status of HTTP, and with 200 a message of the Llama's, else one word for why not."""

    status: int
    content: bytes


UNAPPROVED: Final = Answer(403, b"unapproved")
CROWDED: Final = Answer(429, b"crowded")
CUT: Final = Answer(400, b"malformed")
"""The body did not come whole. It is not counted: networks do that."""
STORAGE: Final = Answer(503, b"storage")


class Door:
    """Where hellos and batches come in. Every method raises `StorageError`.

    `on_heard` is told of each node in the book from which something signed came.
    """

    def __init__(
        self,
        book: HouseBook,
        intake: Intake,
        haves: Haves,
        neighbourhood: Neighbourhood,
        clock: Clock,
        *,
        on_heard: Callable[[str], Awaitable[None]],
    ) -> None:
        self._book = book
        self._intake = intake
        self._haves = haves
        self._neighbourhood = neighbourhood
        self._clock = clock
        self._on_heard = on_heard
        self._strangers = Allowance(STRANGERS_AT_ONCE, STRANGERS_EVERY_MS, clock.monotonic_ms())

    async def hello(self, node_id: str, read: Read) -> Answer:
        """A node says who it is. `read` gives the body, up to so many bytes and cut there."""
        if await self._book.node(node_id) is None and not self._may():
            return CROWDED
        wire = await read(MAX_MESSAGE + 1)
        try:
            hello = open_hello(wire, node_id)
        except MessageRefused as error:
            if not self._may():
                return CROWDED
            await self._intake.refuse_hello(node_id, wire, error)
            return Answer(400, error.reason.encode())
        if not await self._intake.hellos([Greeting(node_id, hello, live=True)]):
            return CROWDED
        return await self._have(node_id)

    async def log(self, node_id: str, read: Read) -> Answer:
        """A node brings a batch. Of who is not in the herd it is not even read."""
        node = await self._book.node(node_id)
        if node is None or not node.approved:
            return UNAPPROVED
        wire = await read(MAX_WIRE + 1)
        try:
            batch = open_batch(wire, node_id)
        except BatchRefused as error:
            if not self._may():
                return CROWDED
            await self._intake.refuse_batch(node_id, wire, error)
            return Answer(400, error.reason.encode())
        [taken] = await self._intake.batches([batch])
        if isinstance(taken, BatchRefused) and not await self._intake.refuse_batch(
            node_id, wire, taken
        ):
            return Answer(400, taken.reason.encode())
        return await self._have(node_id)

    async def ask(self, node_id: str, read: Read) -> Answer:
        """A node wants to know what the others tell. Of who is not in the herd it is not read."""
        node = await self._book.node(node_id)
        if node is None or not node.approved:
            return UNAPPROVED
        wire = await read(MAX_MESSAGE + 1)
        try:
            ask = open_ask(wire, node_id)
        except MessageRefused as error:
            if not self._may():
                return CROWDED
            await self._intake.refuse_ask(node_id, wire, error)
            return Answer(400, error.reason.encode())
        answer = await self._neighbourhood.answer(node_id, ask)
        return UNAPPROVED if answer is None else Answer(200, answer)

    async def _have(self, node_id: str) -> Answer:
        have = await self._haves.answer(node_id)
        if have is None:  # it was forgotten meanwhile
            return UNAPPROVED
        await self._on_heard(node_id)
        return Answer(200, have)

    def _may(self) -> bool:
        return self._strangers.spend(self._clock.monotonic_ms())
