"""`alpaca.toml`: what one node reads, and whom it reports to.

Owns the shape of the file and the messages about mistakes in it. Opens no sensor and no connection.
"""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.sensors.registry import GUIDE, Registry
from herdbook.alpaca.sensors.settings import Name, SensorSettings, require_printable
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.retention import Retention
from herdbook.settings import check, read_toml

MAX_SENSORS: Final = 64

_check = partial(check, guide=GUIDE)


class AlpacaConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One node: its label, the folder of its log and identity, its broker and its sensors.

    `log` is what it keeps of its log once the Llama has it. With `llama` there is no broker;
    without `neighbours` it asks nothing of them. `embedding` is the folder of a model for searching
    by meaning.
    """

    name: Name
    data: Path
    broker: BrokerSettings | None
    sensor: tuple[SensorSettings, ...]
    log: Retention = Retention()
    llama: LlamaSettings | None = None
    neighbours: Wants | None = None
    embedding: Path | None = None


class _Top(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    data: Annotated[str, Meta(min_length=1)]
    sensor: Annotated[list[Any], Meta(min_length=1, max_length=MAX_SENSORS)]
    broker: dict[str, Any] | None = None
    llama: dict[str, Any] | None = None
    log: dict[str, Any] = {}
    neighbours: dict[str, Any] | None = None
    embedding: Annotated[str, Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        require_printable(self.name)


def load(path: Path) -> AlpacaConfig:
    """Read `alpaca.toml`. A relative `data` is taken from the file's own folder.

    Raises `ConfigError`, naming the key.
    """
    top = _check(read_toml(path), _Top, path)
    kinds = Registry()
    sensors = [
        kinds.settings(table, path, f" in [[sensor]] number {number}")
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
        embedding=None
        if top.embedding is None
        else path.parent.absolute() / Path(top.embedding).expanduser(),
    )
