"""One connection to a broker, from aiomqtt's client.

Owns what aiomqtt does not offer: acknowledging a message after it was handled, bounds on what waits
for its handler, and silence about connections that break.
"""

import asyncio
import logging
import socket
import ssl
from typing import Any, Final, Self

import aiomqtt
from aiomqtt.types import PahoSocket
from msgspec import Struct
from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from herdbook.broker.settings import BrokerSettings
from herdbook.log import PacedLog

MAX_PACKET: Final = 320 * 1024  # the largest batch (256 KiB), its topic and room to spare
MAX_UNHANDLED: Final = 32  # QoS 1 messages that wait for their handler: 10 MiB at worst
_MAX_QOS0_BYTES: Final = 4 * 1024 * 1024
_MESSAGE_BYTES: Final = 1024  # what Python needs for the smallest one
_KEEPALIVE_S: Final = 20
_RAW_END: Final = "failed to receive on socket"

# paho calls it an error that a connection ended. It is a state, and said in our words, once.
logging.getLogger("mqtt").addFilter(lambda record: not str(record.msg).startswith(_RAW_END))

_log = logging.getLogger(__name__)


class Will(Struct, frozen=True):
    """What is said, retained, of a client that is gone; on a stop `Broker` says it itself."""

    topic: str
    payload: bytes


class _Inbound(asyncio.Queue[aiomqtt.Message]):
    """Messages between the socket and the handler, bounded.

    QoS 1 messages are bounded by the receive maximum the broker was told and must not be dropped
    here: one that is never acknowledged takes up its place for good. QoS 0 has no such bound.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._held = 0
        self._paced = PacedLog(_log)

    def put_nowait(self, item: aiomqtt.Message) -> None:
        item.properties = None  # 6 KB with each message, and nobody asks for them
        if item.qos == 0:
            if self._held >= _MAX_QOS0_BYTES:
                # Not `QueueFull`: aiomqtt would say it once for each of ten thousand a second.
                self._paced.warning(
                    "flood", f"More comes by MQTT than can be handled, such as on {item.topic}."
                )
                return
            self._held += len(item.payload) + _MESSAGE_BYTES
        super().put_nowait(item)

    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        if item.qos == 0:
            self._held -= len(item.payload) + _MESSAGE_BYTES
        return item


class Connection(aiomqtt.Client):
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

    async def __aenter__(self) -> Self:
        """Connect. Raises `aiomqtt.MqttError`; what ended it before is taken note of, too."""
        try:
            return await super().__aenter__()
        except aiomqtt.MqttError:
            self.settle()
            raise

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
