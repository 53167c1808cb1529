"""Messages between the socket and who handles them, bounded in bytes."""

import asyncio
import logging
from typing import Final

import aiomqtt

from herdbook.log import PacedLog

_MAX_QOS0_BYTES: Final = 4 * 1024 * 1024
_MESSAGE_BYTES: Final = 1024  # what Python needs for the smallest one

_log = logging.getLogger(__name__)


class Inbound(asyncio.Queue[aiomqtt.Message]):
    """A queue that drops what is too much.

    QoS 1 messages are bounded by the receive maximum the broker was told and must not be dropped
    here: one that is never acknowledged takes up its place for good. QoS 0 has no such bound.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._held = 0
        self._paced = PacedLog(_log)

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Take a message in, or drop it."""
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
