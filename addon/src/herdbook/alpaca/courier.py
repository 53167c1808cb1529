"""Carries a node's hellos and batches to its Llama by HTTP, and the answers back.

Owns when a Llama that cannot be reached is tried again, and what is said of it in the log. One
request at a time: what is answered is in the order of what was asked.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from herdbook.alpaca.address import Address, Reply
from herdbook.clock import Clock
from herdbook.errors import HerdbookError, LlamaUnavailable
from herdbook.eventlog import topics
from herdbook.log import PacedLog
from herdbook.unreachable import retry_delays

_SETTLED_S: Final = 10.0
_FROM_A_PROXY: Final = {502, 503, 504}

_log = logging.getLogger(__name__)

type OnAnswer = Callable[[bytes], Awaitable[None]]


class Courier:
    """A `herdbook.alpaca.uplink.Way`.

    `on_connect(courier)` has to say hello, and is called for each new try. `on_have` gets each
    “have”, `on_neighbours` what an ask is answered; a `HerdbookError` of any is logged and ends
    nothing.
    """

    def __init__(
        self,
        address: Address,
        node_id: str,
        *,
        on_connect: Callable[["Courier"], Awaitable[None]],
        on_have: OnAnswer,
        on_neighbours: OnAnswer,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._address = address
        self._node_id = node_id
        self._on_connect = on_connect
        self._on_have = on_have
        self._on_neighbours = on_neighbours
        self._rng = rng
        self._paced = PacedLog(_log, clock)
        self._lost = asyncio.Event()
        self._lost.set()
        self._turn = asyncio.Lock()
        self._last_said = ""
        self._trouble: str | None = None

    @property
    def connected(self) -> bool:
        """Whether the last request was answered by a Llama, or another try has just begun."""
        return not self._lost.is_set()

    @property
    def trouble(self) -> str | None:
        """Why no Llama is reached, as it was said in the log; None when one is."""
        return self._trouble

    async def run(self) -> None:
        """Begin anew, ever more slowly, whenever the Llama is lost; until cancelled."""
        loop = asyncio.get_running_loop()
        delays = retry_delays(self._rng)
        while True:
            started = loop.time()
            self._lost.clear()
            try:
                await self._on_connect(self)
            except HerdbookError as error:
                if self.connected:
                    self._paced.warning(error.code, f"Saying hello: {error}")
            await self._lost.wait()
            if loop.time() - started >= _SETTLED_S:
                delays = retry_delays(self._rng)
            await asyncio.sleep(next(delays))

    async def hello(self, wire: bytes) -> None:
        """Bring a hello there, and its answer back. Raises `LlamaUnavailable`."""
        await self._bring(topics.hello(self._node_id), "hello", wire, self._on_have)

    async def batch(self, wire: bytes) -> None:
        """Bring a batch there, and its answer back. Raises `LlamaUnavailable`."""
        await self._bring(topics.log(self._node_id), "batch", wire, self._on_have)

    async def ask(self, wire: bytes) -> None:
        """Bring an ask there, and its answer back. Raises `LlamaUnavailable`."""
        await self._bring(topics.ask(self._node_id), "question", wire, self._on_neighbours)

    async def _bring(self, topic: str, what: str, wire: bytes, on_answer: OnAnswer) -> None:
        async with self._turn:
            if not self.connected:
                raise LlamaUnavailable(
                    f"There was no Llama at {self._address.url}.",
                    fix="It is tried again by itself.",
                )
            try:
                reply = await self._address.post(topics.path(topic), wire)
                check(self._address.url, reply)
            except LlamaUnavailable as error:
                self._trouble = str(error)
                self._say(logging.WARNING, self._trouble)
                self._lost.set()
                raise
            self._trouble = None
        self._say(logging.INFO, f"Reached the Llama at {self._address.url}.")
        if reply.status != 200:
            word = reply.content[:40].decode("ascii", "replace")
            self._paced.warning(
                "refused", f"The Llama does not take a {what}: {word!r}. It is sent again."
            )
            return
        try:
            await on_answer(reply.content)
        except HerdbookError as error:
            reason = getattr(error, "reason", error.code)
            self._paced.warning(reason, f"What the Llama answered: {error}")

    def _say(self, level: int, words: str) -> None:
        if words != self._last_said:  # once per change of state, not once per try
            self._last_said = words
            _log.log(level, "%s", words)


def check(url: str, reply: Reply) -> None:
    """Raises `LlamaUnavailable` for what no Llama answered."""
    if topics.HTTP_HEADER.lower() in reply.headers:
        return
    kind = reply.headers.get("content-type", "nothing")[:80]
    words = f"what answers there is something else (status {reply.status}, {kind!r})"
    fix = "Correct “url” under [llama]: it is that of the Llama's [herd], not of its panel."
    if 300 <= reply.status < 400:
        target = reply.headers.get("location", "nowhere")[:200]
        words = f"it sends elsewhere, to {target!r}"
        fix = "If the Llama is there, write that as “url” under [llama]."
    elif reply.status in _FROM_A_PROXY:
        words = f"what stands in front of it does not reach it (status {reply.status})"
        fix = "Check that the Llama runs; it is tried again by itself."
    raise LlamaUnavailable(f"No Llama at {url}: {words}.", fix=fix)
