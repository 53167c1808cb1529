"""One cause, one observation: decides which of a node's findings are said.

An open window cools a room, dries it and airs it. So for an hour after a sensor had something said,
nothing more is said of what the same device measures; nor, for a quarter of an hour, of any other
sensor of the node: that is what a power cut or a storm looks like. An end is said only of what was
begun. Of one measurement at most three beginnings are said in a day.
"""

from collections import deque
from typing import Final

from herdbook.alpaca.noticing.finding import Finding

_SAME_DEVICE_S: Final = 3600.0
_SAME_NODE_S: Final = 900.0
_A_DAY: Final = 3
_DAY_S: Final = 86_400.0


class Causes:
    """Ask it of every finding of a node, in the order of time."""

    def __init__(self) -> None:
        self._node: float | None = None
        self._devices: dict[str, float] = {}
        self._said: dict[str, deque[float]] = {}
        self._begun: set[str] = set()

    def admit(self, device: str, measurement: str, finding: Finding, at: float) -> bool:
        """Whether it is to be said. `device` names what is read together."""
        if finding.kind == "recovered":
            begun = measurement in self._begun
            self._begun.discard(measurement)
            return begun
        self._begun.discard(measurement)
        said = self._said.setdefault(measurement, deque(maxlen=_A_DAY))
        device_said = self._devices.get(device)
        if device_said is not None and at - device_said < _SAME_DEVICE_S:
            return False
        if self._node is not None and at - self._node < _SAME_NODE_S:
            return False
        if len(said) == _A_DAY and at - said[0] < _DAY_S:
            return False
        said.append(at)
        self._node = self._devices[device] = at
        self._begun.add(measurement)
        return True
