"""What a kind of sensor gives, and what it is given. Owns both shapes; knows no kind.

A kind is an entry point of the group ``herdbook.sensors``: its name is the `kind` of the table, and
it points at a `Plugin`. docs/guides/sensor-plugin.md writes one from beginning to end.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.sensors.settings import SensorSettings
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.language import Language
from herdbook.broker import BrokerSettings
from herdbook.clock import Clock, SystemClock


class Surroundings:
    """What a sensor may use of the node that opens it.

    `broker` is None on a node that has none. Everything of the machine is to be read below `root`,
    which is another folder in tests. `language` is the node's.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        broker: BrokerSettings | None = None,
        root: Path = Path("/"),
        language: Language = ENGLISH,
    ) -> None:
        self.clock = clock or SystemClock()
        self.broker = broker
        self.root = root
        self.language = language
        self._shared: dict[tuple[object, ...], object] = {}

    def named(self, measurement: Measurement, prefix: str = "") -> Measurement:
        """A measurement with an English name of ours, as the node's language has it.

        `prefix` is what a person calls the whole; it goes before.
        """
        name = f"{prefix} {measurement.name}".lstrip()
        told = f"{prefix} {self.language.called(measurement.name)}".lstrip()
        return replace(measurement, name=told, english=None if told == name else name)

    def shared[T](self, make: Callable[..., T], *of: object) -> T:
        """What several sensors of a node have one of together, such as a bus: made at first."""
        key = (make, *of)
        if key not in self._shared:
            self._shared[key] = make(*of)
        return cast("T", self._shared[key])


class Found(Struct, frozen=True):
    """Something that is attached: in words for a person and, where it can be read, as a table."""

    words: str
    table: dict[str, Any] | None = None


class Plugin[Settings: SensorSettings](Struct, frozen=True):
    """One kind of sensor.

    `settings` is the struct of its table: one on top of those in `settings.py`, with the kind as
    its tag. `open` makes the sensor of a table; whether it answers shows when it is read.
    `discover` gives what is attached to this machine. Both may raise `ConfigError`.
    """

    settings: type[Settings]
    open: Callable[[Settings, Surroundings], Sensor]
    discover: Callable[[Surroundings], Iterable[Found]] | None = None
