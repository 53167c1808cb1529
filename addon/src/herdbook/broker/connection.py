"""One connection to a broker, from aiomqtt's client.

Owns what aiomqtt does not offer: acknowledging a message after it was handled, hearing what the
broker says to a message of ours, keeping within its limits, noticing at once that no broker
answers or the one there was is gone, and silence about connections that break.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self

import aiomqtt
from aiomqtt.types import PahoSocket
from msgspec import Struct
from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from herdbook.broker.endings import LOST, Ended, NeverStood, Refused, Unacknowledged
from herdbook.broker.inbound import Inbound
from herdbook.broker.reasons import FAILURE, TOO_LARGE
from herdbook.broker.settings import BrokerSettings
from herdbook.broker.watched import watched

MAX_PACKET: Final = 320 * 1024  # the largest batch (256 KiB), its topic and room to spare
MAX_UNHANDLED: Final = 32  # QoS 1 messages that wait for their handler: 10 MiB at worst
_AT_ONCE: Final = 20  # messages of ours that may wait for their acknowledgement
_SILENT_S: Final = 60.0  # without any acknowledgement, while one is waited for
_HEADER: Final = 16  # bytes at most of a message that are neither topic nor payload
_KEEPALIVE_S: Final = 20
_GOODBYE_S: Final = 1.0
_TIMED_OUT: Final = "Operation timed out"
_RAW_END: Final = "failed to receive on socket"

# paho calls it an error that a connection ended. It is a state, and said in our words, once.
logging.getLogger("mqtt").addFilter(lambda record: not str(record.msg).startswith(_RAW_END))

_log = logging.getLogger(__name__)


class Will(Struct, frozen=True):
    """What is said, retained, of a client that is gone; on a stop `Broker` says it itself."""

    topic: str
    payload: bytes


class Connection(aiomqtt.Client):
    """aiomqtt's client for one connection; the next one is another object."""

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
            queue_type=Inbound,
            keepalive=_KEEPALIVE_S,
            tls_context=tls,
            # Without this, small messages that follow each other wait for 40 ms each.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True) if will else None,
        )
        self._client.manual_ack_set(True)
        self._watched = watched(self._client, MAX_PACKET)
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._silent_since: float | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._most_bytes: int | None = None
        self._disconnected.add_done_callback(self._over)

    async def __aenter__(self) -> Self:
        """Connect. Raises `aiomqtt.MqttError`, and leaves nothing open then."""
        over = self._disconnected
        with ExitStack() as undoing:
            undoing.callback(self._watched.close)
            try:
                await super().__aenter__()
            except aiomqtt.MqttError as error:
                if str(error) == _TIMED_OUT:
                    raise NeverStood(self._watched.first, TimeoutError()) from error
                raise
            if over.done():  # in the same breath: aiomqtt has forgotten it
                raise aiomqtt.MqttError(LOST) from over.exception()
            undoing.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Say goodbye, if the broker takes it within a second."""
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await super().__aexit__(exc_type, exc, tb)
        except (aiomqtt.MqttError, TimeoutError) as error:
            _log.debug("The broker was left without a goodbye: %s", error)
        finally:
            self._watched.close()

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that it may forget the message and send another."""
        self._client.ack(message.mid, message.qos)

    def arrived(self, limit: int) -> list[aiomqtt.Message]:
        """At most `limit` messages that are here already."""
        return [self._queue.get_nowait() for _ in range(min(limit, self._queue.qsize()))]

    async def subscribe_or_lose(self, topics: Sequence[str]) -> list[str]:
        """Subscribe at QoS 1; those that the broker refuses. Raises `aiomqtt.MqttError`."""
        granted = await self._unless_lost(self.subscribe([(topic, 1) for topic in topics]))
        if len(granted) != len(topics):
            raise aiomqtt.MqttError("it answers to other subscriptions than were asked for")
        return [
            topic
            for topic, code in zip(topics, granted, strict=True)
            if isinstance(code, ReasonCode) and code.is_failure
        ]

    async def publish_or_lose(
        self, topic: str, payload: bytes | str, qos: int, *, retain: bool
    ) -> None:
        """Publish, but do not wait for an acknowledgement when the connection is gone.

        Raises `aiomqtt.MqttError`; of these `Refused` when the broker does not take the message.
        """
        data = payload.encode() if isinstance(payload, str) else payload
        if self._most_bytes and len(data) + len(topic.encode()) + _HEADER > self._most_bytes:
            raise Refused(TOO_LARGE)  # sent nonetheless, it would end the connection
        try:
            code = await self._unless_lost(self._published(topic, data, qos, retain=retain))
        except TimeoutError as error:
            if self._silent_since is not None and self._silent_s() >= _SILENT_S:
                self._end(Unacknowledged())
            raise Unacknowledged from error
        if code >= FAILURE:
            raise Refused(code)

    async def _published(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> int:
        """The broker's reason code for it. Raises `aiomqtt.MqttError`, and `TimeoutError`."""
        async with asyncio.timeout(self.timeout), self._room:
            sent = self._client.publish(topic, payload, qos, retain)
            if sent.rc != mqtt.MQTT_ERR_SUCCESS:
                raise aiomqtt.MqttCodeError(sent.rc, "Could not publish")
            if self._silent_since is None:
                self._silent_since = self._loop.time()
            answer: asyncio.Future[int] = self._loop.create_future()
            self._answers[sent.mid] = answer
            try:
                return await answer
            finally:
                del self._answers[sent.mid]

    async def _unless_lost[T](self, doing: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(doing)
        try:
            await asyncio.wait((task, self._disconnected), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        except aiomqtt.MqttCodeError:
            if not self._disconnected.done():
                raise
        finally:
            task.cancel()
        raise aiomqtt.MqttError(LOST) from self._why()

    def _why(self) -> BaseException | None:
        """Why the connection has ended."""
        return None if self._disconnected.cancelled() else self._disconnected.exception()

    def _silent_s(self) -> float:
        return self._loop.time() - (self._silent_since or self._loop.time())

    def _end(self, why: aiomqtt.MqttError) -> None:
        if not self._disconnected.done():
            self._disconnected.set_exception(why)

    def _over(self, _disconnected: asyncio.Future[None]) -> None:
        """The connection has ended, whoever noticed."""
        why = self._why()  # looked at, or asyncio reports it as an error that nobody saw
        # What cannot be understood would be read again and again.
        self._watched.close()
        if not self._connected.done():
            never = NeverStood(self._watched.first, self._watched.broke)
            self._connected.set_exception(why if isinstance(why, Ended) else never)
            self._connected.exception()

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: Any,
        flags: mqtt.ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self._watched.stands = True
        at_once = getattr(properties, "ReceiveMaximum", _AT_ONCE)
        self._room = asyncio.Semaphore(min(at_once, _AT_ONCE))
        self._most_bytes = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: Any,
        flags: mqtt.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._watched.reason is not None:
            self._end(Ended(self._watched.reason))
        elif not self._connected.done():
            self._end(aiomqtt.MqttError(LOST))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_publish(
        self,
        client: mqtt.Client,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        self._silent_since = self._loop.time() if len(self._answers) > 1 else None
        answer = self._answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(self._watched.acknowledged)

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
