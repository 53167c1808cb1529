"""The least MQTT 3.1.1 that a bench needs, so that it measures what it talks to and not itself.

One connection on a loopback port, QoS 1 both ways, from one thread. What goes wrong ends the bench.
"""

import select
import socket
from collections.abc import Sequence
from itertools import cycle
from typing import Final, NamedTuple

_AT_ONCE: Final = 256 * 1024
_CONNACK: Final = 0x20
_PUBLISH: Final = 0x30
_SUBACK: Final = 0x90
_PATIENCE_S: Final = 10.0


class Heard(NamedTuple):
    """A message that came."""

    topic: str
    payload: bytes


class MqttWire:
    """A connection. What is published goes out at the next `poll`."""

    def __init__(self, port: int, client_id: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._outgoing = bytearray()
        self._ids = cycle(range(1, 65_536))
        clean_and_no_keepalive = b"\x04\x02\x00\x00"
        self._send(0x10, _text("MQTT") + clean_and_no_keepalive + _text(client_id))
        self._answered(_CONNACK)

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for topics at QoS 1, and wait until they are granted."""
        wanted = b"".join(_text(topic) + b"\x01" for topic in topics)
        self._send(0x82, next(self._ids).to_bytes(2) + wanted)
        self._answered(_SUBACK)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Queue a message."""
        body = _text(topic) + next(self._ids).to_bytes(2) + payload
        self._send(_PUBLISH | 0x02 | retain, body)

    def poll(self, seconds: float) -> list[Heard]:
        """Send what is queued, and give what came, at the latest after so long."""
        heard: list[Heard] = []
        ready, writable, _ = select.select(
            [self._socket], [self._socket] if self._outgoing else [], [], seconds
        )
        if ready:
            self._receive()
            heard = [
                self._hear(kind, body) for kind, body in self._packets() if kind & 0xF0 == _PUBLISH
            ]
            writable = writable or ([self._socket] if self._outgoing else [])
        if writable:
            sent = self._socket.send(self._outgoing[:_AT_ONCE], socket.MSG_DONTWAIT)
            del self._outgoing[:sent]
        return heard

    def close(self) -> None:
        """Disconnect."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()

    def _hear(self, kind: int, body: bytes) -> Heard:
        topic_end = 2 + int.from_bytes(body[:2])
        payload_at = topic_end
        if kind & 0x06:
            payload_at += 2
            self._send(0x40, body[topic_end:payload_at])
        return Heard(body[2:topic_end].decode(), body[payload_at:])

    def _answered(self, kind: int) -> None:
        while True:
            sent = self._socket.send(self._outgoing) if self._outgoing else 0
            del self._outgoing[:sent]
            if not select.select([self._socket], [], [], _PATIENCE_S)[0]:
                raise SystemExit("the broker does not answer")
            self._receive()
            for got, body in self._packets():
                if got == kind:
                    if body[-1] & 0x80 or (kind == _CONNACK and body[-1]):
                        raise SystemExit("the broker refuses")
                    return

    def _receive(self) -> None:
        data = self._socket.recv(_AT_ONCE)
        if not data:
            raise SystemExit("the broker has gone")
        self._received += data

    def _packets(self) -> list[tuple[int, bytes]]:
        """What has come whole: the first byte of each packet, and what follows its length."""
        packets: list[tuple[int, bytes]] = []
        received, at = self._received, 0
        while at + 2 <= len(received):
            length, shift, start = 0, 0, at + 1
            while start < len(received):
                byte = received[start]
                length |= (byte & 0x7F) << shift
                shift += 7
                start += 1
                if byte < 0x80:
                    break
            else:
                break
            if start + length > len(received):
                break
            packets.append((received[at], bytes(received[start : start + length])))
            at = start + length
        del received[:at]
        return packets

    def _send(self, kind: int, body: bytes) -> None:
        self._outgoing.append(kind)
        length = len(body)
        while length > 0x7F:
            self._outgoing.append(length & 0x7F | 0x80)
            length >>= 7
        self._outgoing.append(length)
        self._outgoing += body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data
