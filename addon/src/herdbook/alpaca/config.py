"""`alpaca.toml`: what one node reads, and whom it reports to.

Owns the shape of the file and the messages about mistakes in it. Opens no sensor and no connection.
"""

import math
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from herdbook.alpaca.address import LlamaSettings
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.retention import Retention
from herdbook.settings import check, read_toml

type Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?\Z")]
type SensorId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
type Interval = Annotated[float, Meta(ge=0.1, le=3600)]
type Quiet = Annotated[float, Meta(ge=0, le=604_800)]
type Range = tuple[float, float]

DEFAULT_QUIET_S: Final = 900.0
MAX_SENSORS: Final = 64

_check = partial(check, guide="docs/guides/alpaca.md")


class SystemConfig(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="system"):
    """This machine's own state. `interval` and `quiet` are seconds; `disk` is what is measured."""

    id: SensorId = "system"
    interval: Interval = 30.0
    quiet: Quiet = DEFAULT_QUIET_S
    disk: Annotated[str, Meta(min_length=1)] = "/"


class RoomConfig(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="room"):
    """A simulated room.

    `speed` is how many seconds pass in it in one of ours. Its first incident begins
    `incident_after` of our seconds after the start; without it there is none.
    """

    id: SensorId = "room"
    name: Name = "Room"
    interval: Interval = 30.0
    quiet: Quiet = DEFAULT_QUIET_S
    seed: Annotated[int, Meta(ge=0, lt=2**53)] = 1
    speed: Annotated[float, Meta(ge=1, le=3600)] = 1.0
    incident_after: Annotated[float, Meta(ge=0, le=604_800)] | None = None

    def __post_init__(self) -> None:
        _require_printable(self.name)


class FileConfig(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="file"):
    """A number in a file: a thermal zone, hwmon, IIO, or what another program writes.

    The number times `scale` is the value, in `unit`. Outside `valid` it is a fault of the sensor;
    outside `usual` it is worth an observation, and without `usual` that range is learned.
    """

    id: SensorId
    name: Name
    path: Annotated[str, Meta(min_length=1)]
    interval: Interval = 30.0
    quiet: Quiet = DEFAULT_QUIET_S
    unit: Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    device_class: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")] | None = None
    state_class: Literal["measurement", "total", "total_increasing"] = "measurement"
    precision: Annotated[int, Meta(ge=0, le=6)] = 1
    scale: float = 1.0
    valid: Range | None = None
    usual: Range | None = None

    def __post_init__(self) -> None:
        _require_printable(self.name)
        if not math.isfinite(self.scale) or self.scale == 0:
            raise ValueError("“scale” must be a number other than 0")
        for key, limits in (("valid", self.valid), ("usual", self.usual)):
            if limits is not None and not -math.inf < limits[0] < limits[1] < math.inf:
                raise ValueError(f"“{key}” must be [low, high] with low below high")


type SensorConfig = SystemConfig | RoomConfig | FileConfig


class AlpacaConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One node: its label, the folder of its log and identity, its broker and its sensors.

    `log` is what it keeps of its log once the Llama has it. With `llama` there is no broker;
    without `neighbours` it asks nothing of them.
    """

    name: Name
    data: Path
    broker: BrokerSettings | None
    sensor: tuple[SensorConfig, ...]
    log: Retention = Retention()
    llama: LlamaSettings | None = None
    neighbours: Wants | None = None


class _Top(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    data: Annotated[str, Meta(min_length=1)]
    sensor: Annotated[list[Any], Meta(min_length=1, max_length=MAX_SENSORS)]
    broker: dict[str, Any] | None = None
    llama: dict[str, Any] | None = None
    log: dict[str, Any] = {}
    neighbours: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        _require_printable(self.name)


def load(path: Path) -> AlpacaConfig:
    """Read `alpaca.toml`. A relative `data` is taken from the file's own folder.

    Raises `ConfigError`, naming the key.
    """
    top = _check(read_toml(path), _Top, path)
    sensors = [
        _check(table, SensorConfig.__value__, path, where=f" in [[sensor]] number {number}")
        for number, table in enumerate(top.sensor, start=1)
    ]
    for sensor_id, times in Counter(sensor.id for sensor in sensors).items():
        if times > 1:
            raise ConfigError(
                f"{path}: {times} sensors have the id “{sensor_id}”.",
                fix="Give each [[sensor]] its own “id”.",
            )
    if top.broker is not None and top.llama is not None:
        raise ConfigError(
            f"{path} names a [broker] and a [llama]: a log goes one way only.",
            fix="With a broker, leave [llama] out: the Llama is found by it.",
        )
    broker = llama = None
    if top.llama is None:
        broker = _check(top.broker or {}, BrokerSettings, path, where=" in [broker]")
    else:
        llama = _check(top.llama, LlamaSettings, path, where=" in [llama]")
    return AlpacaConfig(
        name=top.name,
        data=path.parent.absolute() / Path(top.data).expanduser(),
        broker=broker,
        llama=llama,
        sensor=tuple(sensors),
        log=_check(top.log, Retention, path, where=" in [log]"),
        neighbours=None
        if top.neighbours is None
        else _check(top.neighbours, Wants, path, where=" in [neighbours]"),
    )


def _require_printable(name: str) -> None:
    if not name.isprintable():
        raise ValueError("“name” must be printable characters")
