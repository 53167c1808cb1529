"""The connection to the MQTT broker, kept for as long as the program runs.

Owns connecting, reconnecting, back-pressure and the last will; knows nothing of topics or payloads.
Imports leaves only. MQTT 5, because it lets a client state the largest packet and the most
unacknowledged messages it takes: a retained message of 10 MB is never sent to us, and a broker with
a million messages for us sends the next one when we have handled the one before.
"""

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from aiomqtt.types import PahoSocket
from msgspec import Meta, Struct
from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from herdbook.errors import BrokerUnavailable, ConfigError, HerdbookError
from herdbook.log import PacedLog

MAX_PACKET: Final = 320 * 1024  # the largest batch (256 KiB), its topic and room to spare
MAX_UNHANDLED: Final = 32  # QoS 1 messages that wait for their handler: 10 MiB at worst
_TOGETHER: Final = MAX_UNHANDLED // 2
_MAX_QOS0_BYTES: Final = 4 * 1024 * 1024
_KEEPALIVE_S: Final = 20
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 60.0
_SETTLED_S: Final = 10.0  # a connection that held this long was a good one: retry fast again

_log = logging.getLogger(__name__)

type OnConnect = Callable[[Broker], Awaitable[None]]
type OnMessage = Callable[[str, bytes, bool], Awaitable[None]]
type OnMessages = Callable[[Sequence[Message]], Awaitable[None]]


class Message(NamedTuple):
    """What was published on a topic; `retained`: before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


class BrokerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the broker is and how to sign in; the ``[broker]`` table of the configuration."""

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None  # path of the authority's certificate; None: the system's


class Will(Struct, frozen=True):
    """What is said, retained, of a client that is gone; on a stop `Broker` says it itself."""

    topic: str
    payload: bytes


class Broker:
    """One client of one broker. `run` connects, and reconnects whenever the connection is lost.

    `on_connect(broker)` runs after each connection, with the subscriptions made, before the first
    `on_message(topic, payload, retained)`. Messages are handled one at a time and acknowledged
    after their handler returned, so that a slow handler slows the sender. A `HerdbookError` of a
    handler is logged and ends nothing; anything else it raises is a fault and leaves `run`.

    `on_messages`, in place of `on_message`, gets all that arrived meanwhile at once, at most half
    of what may be unacknowledged, so that the sender goes on: for who makes one thing durable as
    fast as many.
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
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._subscriptions = list(subscriptions)
        self._on_connect = on_connect
        self._on_message = on_message
        self._on_messages = on_messages
        self._will = will
        self._rng = rng or random.Random()
        self._tls = _tls_context(settings)
        self._connection: _Connection | None = None
        self._last_said = ""
        self._log = PacedLog(_log)

    @property
    def connected(self) -> bool:
        """Whether a message published now has somewhere to go."""
        return self._connection is not None

    async def run(self) -> None:
        """Stay connected until cancelled; then say the will and disconnect."""
        loop = asyncio.get_running_loop()
        delays = retry_delays(self._rng)
        while True:
            started = loop.time()
            try:
                await self._session()
            except aiomqtt.MqttError as error:
                self._say(logging.WARNING, str(self._unavailable(error)))
            except BrokerUnavailable as error:
                self._say(logging.WARNING, str(error))
            if loop.time() - started >= _SETTLED_S:
                delays = retry_delays(self._rng)
            await asyncio.sleep(next(delays))

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send one message and, at QoS 1, wait until the broker has it.

        Raises `BrokerUnavailable` when there is no connection, it breaks, or the broker is silent
        for 10 s. The message may have arrived nonetheless.
        """
        connection = self._connection
        if connection is None:
            raise BrokerUnavailable(
                f"Not connected to the MQTT broker at {self._where}.",
                fix="The connection is retried by itself; check that the broker runs.",
            )
        try:
            await connection.publish_or_lose(topic, payload, qos, retain=retain)
        except aiomqtt.MqttError as error:
            raise self._unavailable(error) from error

    async def _session(self) -> None:
        async with _Connection(
            self._settings, self._client_id, self._tls, self._will
        ) as connection:
            self._connection = connection
            try:
                await self._subscribe(connection)
                self._say(logging.INFO, f"Connected to the MQTT broker at {self._where}.")
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
                connection.settle()

    async def _subscribe(self, connection: "_Connection") -> None:
        if not self._subscriptions:
            return
        granted = await connection.subscribe([(topic, 1) for topic in self._subscriptions])
        for topic, code in zip(self._subscriptions, granted, strict=True):
            if isinstance(code, ReasonCode) and code.is_failure:
                raise BrokerUnavailable(
                    f"The MQTT broker at {self._where} refuses the subscription to {topic}.",
                    fix="Let this user read that topic in the broker's access list.",
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
            _log.info("Could not say goodbye to the MQTT broker: %s", error)

    def _say(self, level: int, words: str) -> None:
        if words != self._last_said:  # once per change of state, not once per try
            self._last_said = words
            _log.log(level, "%s", words)

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _unavailable(self, error: aiomqtt.MqttError) -> BrokerUnavailable:
        if isinstance(error, MqttConnectError):
            fix = "Check the user name and password under [broker]."
        else:
            fix = "Check that it runs and that [broker] names it; it is tried again by itself."
        return BrokerUnavailable(f"No MQTT broker at {self._where}: {error}.", fix=fix)


def _message(message: aiomqtt.Message) -> Message:
    return Message(message.topic.value, bytes(message.payload), message.retain)


def retry_delays(rng: random.Random) -> Iterator[float]:
    """Seconds to wait before each further try: 0.5, 1, 2 … 60, each varied by a quarter."""
    delay = _FIRST_RETRY_S
    while True:
        yield delay * rng.uniform(0.75, 1.25)
        delay = min(delay * 2, _LAST_RETRY_S)


class _Inbound(asyncio.Queue[aiomqtt.Message]):
    """Messages between the socket and the handler, bounded.

    QoS 1 messages are bounded by the receive maximum the broker was told and must not be dropped
    here: one that is never acknowledged takes up its place for good. QoS 0 has no such bound.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._held = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if item.qos == 0:
            if self._held >= _MAX_QOS0_BYTES:
                raise asyncio.QueueFull
            self._held += len(item.payload)
        super().put_nowait(item)

    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        if item.qos == 0:
            self._held -= len(item.payload)
        return item


class _Connection(aiomqtt.Client):
    """aiomqtt's client, with acknowledgement after handling, which aiomqtt does not offer yet."""

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        tls: ssl.SSLContext | None,
        will: Will | None,
    ) -> None:
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        limits.MaximumPacketSize = MAX_PACKET
        limits.ReceiveMaximum = MAX_UNHANDLED
        super().__init__(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            properties=limits,
            queue_type=_Inbound,
            keepalive=_KEEPALIVE_S,
            tls_context=tls,
            # Without this, small messages that follow each other wait for 40 ms each.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True) if will else None,
        )
        self._client.manual_ack_set(True)
        self.pending_calls_threshold = 1000  # concurrent publishes are ordinary here

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that it may forget the message and send another."""
        self._client.ack(message.mid, message.qos)

    def arrived(self, limit: int) -> list[aiomqtt.Message]:
        """At most `limit` messages that are here already."""
        return [self._queue.get_nowait() for _ in range(min(limit, self._queue.qsize()))]

    def settle(self) -> None:
        """Take note of how the connection ended, or asyncio reports it as an error nobody saw."""
        if self._disconnected.done():
            self._disconnected.exception()

    def _on_socket_register_write(
        self, client: mqtt.Client, userdata: Any, sock: PahoSocket
    ) -> None:
        # aiomqtt registers the file descriptor in a later turn of the loop; when the connection
        # broke meanwhile it is closed by then, and asyncio reports that as a fault.
        def register() -> None:
            if sock.fileno() >= 0:
                self._loop.add_writer(sock.fileno(), self._write, client)

        self._loop.call_soon_threadsafe(register)

    def _write(self, client: mqtt.Client) -> None:
        try:
            client.loop_write()
        except OSError as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    async def publish_or_lose(
        self, topic: str, payload: bytes | str, qos: int, *, retain: bool
    ) -> None:
        """Publish, but do not wait for an acknowledgement when the connection is gone."""
        publishing = asyncio.ensure_future(self.publish(topic, payload, qos, retain))
        try:
            await asyncio.wait(
                (publishing, self._disconnected), return_when=asyncio.FIRST_COMPLETED
            )
            if not publishing.done():
                lost = self._disconnected.exception()
                raise aiomqtt.MqttError("the connection was lost") from lost
        finally:
            publishing.cancel()
        await publishing


def _tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca)
    except OSError as error:
        raise ConfigError(
            f"Cannot use the certificate {settings.ca}: {error}.",
            fix="Point “ca” under [broker] at a PEM file that this program can read.",
        ) from error
