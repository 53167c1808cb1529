"""paho's client, watched: what came first, what broke the connection, why the broker ended it.

paho tells none of these. Until a broker has let us in, anything else than a broker's first packet
ends the connection; paho would take the bytes of a web server for half a packet, and wait.
docs/adr/0021 says why it is done here.
"""

from contextlib import suppress
from typing import Final, Literal, cast

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from herdbook.broker.reasons import FAILURE

_FIRST_BYTES: Final = 64
_CODE_AT: Final = 2  # the place of an acknowledgement's reason code
_BEGINNINGS: Final = {0x20, 0xE0}  # CONNACK, DISCONNECT: nothing else comes first from a broker


class WatchedClient(mqtt.Client):
    """Made of another one by `watched`."""

    most_bytes: int
    stands = False
    """To be set once the broker has let us in."""
    first = b""
    broke: OSError | None = None
    reason: int | None = None
    """MQTT 5's reason code, when the broker said that it ends the connection; 0: none was given."""
    acknowledged = 0
    """The one in the acknowledgement that is being told of."""

    def close(self) -> None:
        """Let go of the connection, at once and without a word. Safe to repeat."""
        self._sock_close()

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self.most_bytes:  # paho would gather all of it
            raise ConnectionAbortedError("more comes than the broker was told is taken")
        try:
            came = super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.broke = error
            raise
        if not self.stands and len(self.first) < _FIRST_BYTES:
            self.first += came
            if self.first and self.first[0] not in _BEGINNINGS:
                with suppress(BlockingIOError):
                    self.first += super()._sock_recv(_FIRST_BYTES)
                raise ConnectionAbortedError("no broker begins like that")
        return came

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        # mosquitto gives reasons here that MQTT has elsewhere only; paho raises for them.
        packet = self._in_packet["packet"]
        if len(packet) > _CODE_AT:
            self.acknowledged = packet[_CODE_AT]
            packet[_CODE_AT] = FAILURE if self.acknowledged >= FAILURE else 0
        try:
            return super()._handle_pubackcomp(cmd)
        finally:
            self.acknowledged = 0

    def _handle_disconnect(self) -> None:
        # paho overlooks a reason without properties, which is how mosquitto gives it.
        self.reason = next(iter(self._in_packet["packet"]), 0)
        super()._handle_disconnect()


def watched(client: mqtt.Client, most_bytes: int) -> WatchedClient:
    """The same client, from now on watched, and taking no larger packet. aiomqtt makes its own."""
    client.__class__ = WatchedClient
    made = cast(WatchedClient, client)
    made.most_bytes = most_bytes
    return made
