"""The connection to the MQTT broker, kept for as long as the program runs.

Owns connecting, reconnecting, back-pressure and the last will; knows nothing of topics or payloads.
MQTT 5, because it lets a client state the largest packet and the most
unacknowledged messages it takes: a retained message of 10 MB is never sent to us, and a broker with
a million messages for us sends the next one when we have handled the one before.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import aiomqtt

from herdbook.broker.changes import SETTLED_S, Changes
from herdbook.broker.connection import MAX_UNHANDLED, Connection, Will
from herdbook.broker.endings import Refused
from herdbook.broker.refusal import refused, unavailable, where_of
from herdbook.broker.settings import BrokerSettings, tls_context
from herdbook.errors import BrokerRefused, BrokerUnavailable, HerdbookError
from herdbook.log import PacedLog
from herdbook.unreachable import retry_delays

_TOGETHER: Final = MAX_UNHANDLED // 2
_HELD_S: Final = 10.0  # a connection that held this long was a good one: retry fast again

_log = logging.getLogger(__name__)

type OnConnect = Callable[[Broker], Awaitable[None]]
type OnMessage = Callable[[str, bytes, bool], Awaitable[None]]
type OnMessages = Callable[[Sequence[Message]], Awaitable[None]]


class Message(NamedTuple):
    """What was published on a topic; `retained`: before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


class Broker:
    """One client of one broker. `run` connects, and reconnects whenever the connection is lost.

    `on_connect(broker)` runs after each connection, with the subscriptions made, before the first
    `on_message(topic, payload, retained)`. Messages are handled one at a time and acknowledged
    after their handler returned, so that a slow handler slows the sender. A `HerdbookError` of a
    handler is logged and ends nothing; anything else it raises is a fault and leaves `run`.

    `on_messages`, in place of `on_message`, gets all that arrived meanwhile at once, at most half
    of what may be unacknowledged, so that the sender goes on: for who makes one thing durable as
    fast as many.

    `aside` is for another connection to the same broker: whether that answers, the first one says.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        on_connect: OnConnect,
        on_message: OnMessage | None = None,
        on_messages: OnMessages | None = None,
        will: Will | None = None,
        rng: random.Random | None = None,
        aside: bool = False,
    ) -> None:
        self._settings = settings
        self._where = where_of(settings)
        self._client_id = client_id
        self._subscriptions = list(subscriptions)
        self._on_connect = on_connect
        self._on_message = on_message
        self._on_messages = on_messages
        self._will = will
        self._rng = rng or random.Random()
        self._tls = tls_context(settings)
        self._connection: Connection | None = None
        self._changes = Changes(_log, self._where, aside=aside)
        self._trouble: str | None = None
        self._refused: set[tuple[str, int]] = set()
        self._log = PacedLog(_log)

    @property
    def connected(self) -> bool:
        """Whether a message published now has somewhere to go."""
        return self._connection is not None

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, as it was said in the log; None with one, or before."""
        return None if self.connected else self._trouble

    async def run(self) -> None:
        """Stay connected until cancelled; then say the will and disconnect."""
        loop = asyncio.get_running_loop()
        delays = retry_delays(self._rng)
        while True:
            started = loop.time()
            try:
                await self._session()
            except aiomqtt.MqttError as error:
                self._lost(unavailable(self._settings, error))
            except BrokerUnavailable as error:
                self._lost(error)
            if loop.time() - started >= _HELD_S:
                delays = retry_delays(self._rng)
            await asyncio.sleep(next(delays))

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send one message and, at QoS 1, wait until the broker has it.

        Raises `BrokerUnavailable` when there is no connection, it breaks, or the broker is silent
        for 10 s: the message may have arrived nonetheless; and `BrokerRefused` when the broker
        takes no such message. That is in the log, once.
        """
        connection = self._connection
        if connection is None:
            raise BrokerUnavailable(
                f"Not connected to the MQTT broker at {self._where}.",
                fix="The connection is retried by itself; check that the broker runs.",
            )
        try:
            await connection.publish_or_lose(topic, payload, qos, retain=retain)
        except Refused as error:
            raise self._refusal(topic, error) from error
        except aiomqtt.MqttError as error:
            raise unavailable(self._settings, error) from error

    async def _session(self) -> None:
        loop = asyncio.get_running_loop()
        async with Connection(self._settings, self._client_id, self._tls, self._will) as connection:
            self._connection = connection
            settling: asyncio.TimerHandle | None = None
            try:
                await self._subscribe(connection)
                self._changes.stands()
                settling = loop.call_later(SETTLED_S, self._changes.settled)
                await self._call(self._on_connect(self), "connection")
                async for message in connection.messages:
                    together = [message]
                    if self._on_messages is not None:
                        together += connection.arrived(_TOGETHER - 1)
                    await self._handle([_message(one) for one in together])
                    for one in together:
                        connection.acknowledge(one)
            except asyncio.CancelledError:
                await self._say_will()
                raise
            finally:
                self._connection = None
                if settling is not None:
                    settling.cancel()

    async def _subscribe(self, connection: Connection) -> None:
        if not self._subscriptions:
            return
        if lacking := await connection.subscribe_or_lose(self._subscriptions):
            raise BrokerRefused(
                f"The MQTT broker at {self._where} refuses subscriptions: {', '.join(lacking)}.",
                fix="Let this user read that in the broker's access list.",
            )

    async def _handle(self, messages: list[Message]) -> None:
        if self._on_messages is not None:
            await self._call(self._on_messages(messages), messages[0].topic)
        elif self._on_message is not None:
            [message] = messages
            await self._call(self._on_message(*message), message.topic)

    async def _call(self, handling: Awaitable[None], what: str) -> None:
        try:
            await handling
        except BrokerRefused:
            return  # it was said, and the connection stands
        except BrokerUnavailable:
            raise  # the connection broke under the handler: connect again
        except HerdbookError as error:
            reason = getattr(error, "reason", error.code)
            self._log.warning(reason, f"While handling {what}: {error}")

    async def _say_will(self) -> None:
        if self._will is None:
            return
        try:
            async with asyncio.timeout(1):
                await self.publish(self._will.topic, self._will.payload, retain=True)
        except (BrokerUnavailable, TimeoutError) as error:
            why = str(error) or "It does not answer."
            _log.info("Could not say goodbye to the MQTT broker: %s", why)

    def _refusal(self, topic: str, error: Refused) -> BrokerRefused:
        refusal = refused(self._settings, topic, error)
        sort = (topic.partition("/")[0], error.reason)
        if sort not in self._refused:
            self._refused.add(sort)
            _log.warning("%s", refusal)
        return refusal

    def _lost(self, error: BrokerUnavailable) -> None:
        self._trouble = str(error)
        self._changes.lost(self._trouble, shared=not isinstance(error, BrokerRefused))


async def reach(settings: BrokerSettings, client_id: str) -> None:
    """Connect once, and go again. Raises `BrokerUnavailable` and `ConfigError`, with the reason."""
    try:
        async with Connection(settings, client_id, tls_context(settings), None):
            pass
    except aiomqtt.MqttError as error:
        raise unavailable(settings, error) from error


def _message(message: aiomqtt.Message) -> Message:
    return Message(message.topic.value, bytes(message.payload), message.retain)
