"""Which nodes are heard just now. Pure: no I/O, no clock."""

from typing import Final

MAX_HEARD: Final = 4096


class Presence:
    """Follows the retained availability of nodes, over reconnections to the broker.

    After a reconnection the broker tells of every node again; one that it does not tell of went
    while nobody listened.
    """

    def __init__(self) -> None:
        self._online: set[str] = set()
        self._unconfirmed: set[str] = set()

    def is_online(self, node_id: str) -> bool:
        """Whether the node was last heard of as online."""
        return node_id in self._online

    def begin(self) -> None:
        """A new connection to the broker stands."""
        self._unconfirmed = set(self._online)

    def hear(self, node_id: str, *, online: bool, known: bool) -> bool:
        """Note a node's availability; whether that is a change.

        Ids that nobody knows may come too, as a node's availability may arrive before its hello,
        but no flood of them is kept, and none takes the place of a `known` one.
        """
        self._unconfirmed.discard(node_id)
        if online == (node_id in self._online):
            return False
        if not online:
            self._online.discard(node_id)
            return True
        if not known and len(self._online) >= MAX_HEARD:
            return False
        self._online.add(node_id)
        return True

    def settle(self) -> set[str]:
        """Give up on the nodes that a reconnection did not confirm; returns them."""
        gone, self._unconfirmed = self._unconfirmed, set()
        self._online -= gone
        return gone
