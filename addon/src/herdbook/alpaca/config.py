"""`alpaca.toml`: what one node reads, and whom it reports to.

Owns the shape of the file and the messages about mistakes in it. Opens no sensor and no connection.
What the environment says (`herdbook.alpaca.environment`) goes before what the file says.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta, Struct
from msgspec.structs import replace

from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.environment import put, settings_in
from herdbook.alpaca.outputs.config import MAX_OUTPUTS, OutputConfig, load_outputs
from herdbook.alpaca.page.settings import PageSettings
from herdbook.alpaca.sensors.registry import GUIDE, Registry
from herdbook.alpaca.sensors.settings import Name, SensorSettings, require_printable
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.alpaca.words.language import Code
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.retention import Retention
from herdbook.settings import check, path_in, read_toml

MAX_SENSORS: Final = 64

_check = partial(check, guide=GUIDE)


class AlpacaConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One node: its label, the folder of its log and identity, its broker and its sensors.

    `language` is what its observations are written in; `log` is what it keeps of its log once the
    Llama has it. With `llama` there is no broker; without `neighbours` it asks nothing of them,
    without `page` it shows none. `embedding` is the folder of a model for searching by meaning.
    """

    name: Name
    data: Path
    broker: BrokerSettings | None
    sensor: tuple[SensorSettings, ...]
    log: Retention = Retention()
    llama: LlamaSettings | None = None
    neighbours: Wants | None = None
    embedding: Path | None = None
    output: tuple[OutputConfig, ...] = ()
    page: PageSettings | None = None
    language: Code = "en"
    model: NodeModel = NodeModel()


class _Top(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    data: Annotated[str, Meta(min_length=1)]
    sensor: Annotated[list[Any], Meta(min_length=1, max_length=MAX_SENSORS)]
    broker: dict[str, Any] | None = None
    llama: dict[str, Any] | None = None
    log: dict[str, Any] = {}
    neighbours: dict[str, Any] | None = None
    embedding: Annotated[str, Meta(min_length=1)] | None = None
    output: Annotated[list[Any], Meta(max_length=MAX_OUTPUTS)] = []
    page: dict[str, Any] | None = None
    language: Code = "en"
    model: dict[str, Any] = {}

    def __post_init__(self) -> None:
        require_printable(self.name)


class Settings(NamedTuple):
    """What is in force, and where it comes from.

    `document` is the file with the environment written over it, before any default; `sources` names
    the variable for each dotted key that the environment gave, such as ``sensor.0.interval``.
    """

    config: AlpacaConfig
    document: dict[str, Any]
    sources: dict[str, str]


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> AlpacaConfig:
    """Read `alpaca.toml`, and what `environ` says over it. Raises `ConfigError`, naming the key.

    A relative `data` is taken from the file's own folder; where the environment gives it, from the
    working directory. Without a path the environment has to say it all.
    """
    return read(path, environ).config


def read(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """As `load`, and tell where each value comes from."""
    document = {} if path is None else read_toml(path)
    given = settings_in(environ or {}, AlpacaConfig, document, table_struct)
    for one in given:
        put(document, one)
    sources = {".".join(map(str, one.key)): one.source for one in given}
    where = path or Path("the environment")
    folder = Path.cwd() if path is None or "data" in sources else path.parent.absolute()
    return Settings(built(document, where, folder), document, sources)


def table_struct(array: str, kind: str | None) -> type[Struct] | None:
    """The struct of one table of an array of tables; None where its kind is missing or unknown."""
    kinds = Registry()
    return kinds.plugin(kind).settings if array == "sensor" and kind in kinds.kinds else None


def built(document: dict[str, Any], path: Path, folder: Path | None = None) -> AlpacaConfig:
    """The document as a configuration. Raises `ConfigError`, naming `path` and the key.

    A relative `data` is taken from `folder`, or else from that of `path`.
    """
    folder = folder or path.parent.absolute()
    top = _check(document, _Top, path)
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
        data=path_in(folder, top.data, path, "data"),
        broker=broker,
        llama=llama,
        sensor=tuple(sensors),
        log=_check(top.log, Retention, path, where=" in [log]"),
        neighbours=None
        if top.neighbours is None
        else _check(top.neighbours, Wants, path, where=" in [neighbours]"),
        embedding=None
        if top.embedding is None
        else path_in(path.parent.absolute(), top.embedding, path, "embedding"),
        output=load_outputs(top.output, path, has_broker=broker is not None),
        page=None if top.page is None else _check(top.page, PageSettings, path, where=" in [page]"),
        language=top.language,
        model=_model(top.model, path),
    )


def _model(table: dict[str, Any], path: Path) -> NodeModel:
    settings: NodeModel = _check(table, NodeModel, path, where=" in [model]")
    if settings.prompts is None:
        return settings
    folder = path_in(path.parent.absolute(), settings.prompts, path, "prompts")
    return replace(settings, prompts=str(folder))
