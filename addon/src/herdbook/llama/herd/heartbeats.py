"""Which nodes come by HTTP just now. Pure: no I/O; times are milliseconds of one clock."""

from typing import Final

from herdbook.eventlog.protocol import PULSE_MS

SILENT_MS: Final = 3 * PULSE_MS
"""Who has not been heard for so long is gone: two hellos were lost, and the third."""


class Heartbeats:
    """Follows nodes by what is heard of them; nobody says that they go."""

    def __init__(self) -> None:
        self._heard_ms: dict[str, int] = {}

    def is_online(self, node_id: str) -> bool:
        """Whether the node was heard, and has not lapsed since."""
        return node_id in self._heard_ms

    def hear(self, node_id: str, now_ms: int) -> bool:
        """A node that is known here was heard; whether it came just now."""
        came = node_id not in self._heard_ms
        self._heard_ms[node_id] = now_ms
        return came

    def forget(self, node_id: str) -> None:
        """The node is none of the herd any more."""
        self._heard_ms.pop(node_id, None)

    def lapse(self, now_ms: int) -> list[str]:
        """Give up on the nodes that fell silent; returns them."""
        gone = [one for one, heard in self._heard_ms.items() if now_ms - heard >= SILENT_MS]
        for node_id in gone:
            del self._heard_ms[node_id]
        return gone
