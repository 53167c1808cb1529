"""``llama.toml``: where one Llama keeps its data, listens, and finds its broker."""

from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from herdbook.broker import BrokerSettings
from herdbook.clock import local_zone
from herdbook.embedding.fetch import SOURCE
from herdbook.errors import ConfigError
from herdbook.settings import Listener, check, path_in, read_toml

GUIDE: Final = "docs/guides/llama.md"


class Ingress(Listener, frozen=True, forbid_unknown_fields=True):
    """Where Home Assistant's Supervisor, at its address `supervisor`, asks for the panel."""

    supervisor: Annotated[str, Meta(min_length=1, max_length=45)] = "172.30.32.2"


class HerdListener(Listener, frozen=True, forbid_unknown_fields=True):
    """Where Alpacas come by HTTP; announced by mDNS unless `announce` is off, or it is loopback."""

    announce: bool = True

    @property
    def is_announced(self) -> bool:
        """Whether there may be anybody to announce it to."""
        loopback = self.host.startswith("127.") or self.host in {"::1", "localhost"}
        return self.announce and not loopback


class Search(Struct, frozen=True, forbid_unknown_fields=True):
    """How the journal is searched: by meaning too, with the `model` in a folder.

    ``herdbook model fetch`` puts it there, from the address `source`; by itself nothing does.
    """

    model: Annotated[str, Meta(pattern=r"^[^\x00]+$")] | None = None
    source: Annotated[str, Meta(pattern=r"^https?://[^\s?#]*[^\s?#/]$", max_length=500)] = SOURCE


class House(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of the house: every single reading for so many days, the hours for ever."""

    keep_readings_days: Annotated[int, Meta(ge=1, le=36_500)] = 365


class LlamaConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The file.

    `base_path` is where a reverse proxy puts the panel, such as ``/herdbook``. `panel_url` is how
    people reach it when that is not its own address. `hosts` are further host names it answers to.
    With `ingress`, Home Assistant shows the panel to its users, and nobody else does. Alpacas come
    by a broker, unless `broker` is ``false``, and by HTTP where there is a `herd` to listen on.
    Without `ai` no model is loaded for anybody.
    """

    data: Annotated[str, Meta(pattern=r"^[^\x00]+$")]
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")] = "Llama"
    time_zone: str | None = None
    base_path: Annotated[str, Meta(pattern=r"^(/[A-Za-z0-9._~-]+)*$", max_length=200)] = ""
    panel_url: (
        Annotated[str, Meta(pattern=r"^(https?|homeassistant)://[^\s/]+(/\S*)?$", max_length=500)]
        | None
    ) = None
    hosts: tuple[str, ...] = ()
    panel: Listener = Listener(8477)
    ingress: Ingress | None = None
    api: Listener = Listener(8478)
    herd: HerdListener | None = None
    broker: BrokerSettings | Literal[False] = BrokerSettings()
    ai: bool = True
    search: Search = Search()
    house: House = House()

    def folder(self, path: Path) -> Path:
        """The data folder; a relative one is taken from the folder of the file at `path`.

        Raises `ConfigError` for the home of a user who does not exist.
        """
        return _folder(path, self.data, "data")

    def model_folder(self, path: Path) -> Path | None:
        """The folder of the model, taken from there too; None without one. Raises as `folder`."""
        model = self.search.model
        return None if model is None else _folder(path, model, "search.model")

    def url(self) -> str:
        """Where people open the panel."""
        return self.panel_url or f"http://{self.panel.host}:{self.panel.port}{self.base_path}/"

    def zone(self) -> tzinfo:
        """The time zone whose midnight begins a day. Raises `ConfigError`."""
        if self.time_zone is None:
            return local_zone()
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"“{self.time_zone}” is not a known time zone.",
                fix="Write it like Europe/Amsterdam under time_zone.",
            ) from error


def load(path: Path) -> LlamaConfig:
    """Read `llama.toml`. Raises `ConfigError`, naming the key."""
    config: LlamaConfig = check(read_toml(path), LlamaConfig, path, guide=GUIDE)
    config.zone()
    if config.ingress and config.panel_url is None:
        raise ConfigError(
            f"{path} has an [ingress] but no panel_url.",
            fix="Say where Home Assistant shows the panel, as in "
            'panel_url = "homeassistant://hassio/ingress/…", with the app\'s slug.',
        )
    return config


def _folder(path: Path, written: str, key: str) -> Path:
    return path_in(path.parent.absolute(), written, path, key)
