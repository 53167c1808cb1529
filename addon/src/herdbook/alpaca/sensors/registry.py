"""The kinds of sensors that are installed: ours and those of other packages, all by entry point.

A kind is imported when a table needs it. One that is broken is a clear error there, and nowhere
else: it keeps nobody from the others.
"""

from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from herdbook.alpaca.sensors.measurement import Sensor
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.promise import keep_to_it
from herdbook.alpaca.sensors.settings import SensorSettings
from herdbook.errors import ConfigError, HerdbookError
from herdbook.settings import check

GROUP: Final = "herdbook.sensors"
_REINSTALL: Final = (
    "Reinstall or update that package, or remove the [[sensor]] tables of this kind."
)
GUIDE: Final = "docs/guides/alpaca.md"


class Registry:
    """The kinds by their names. Without `found` those that are installed now."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        self._found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
        for entry in entry_points(group=GROUP) if found is None else found:
            self._found[entry.name].append(entry)

    @property
    def kinds(self) -> list[str]:
        """The names of all kinds, of broken ones too."""
        return sorted(self._found)

    def settings(self, table: object, path: Path, where: str) -> SensorSettings:
        """The [[sensor]] table of a file as its kind's settings.

        Raises `ConfigError` naming the key, or what is wrong with the kind.
        """
        kind = check(table, _Kind, path, where=where, guide=GUIDE).kind
        if kind not in self._found:
            raise ConfigError(
                f"{path}{where} at “kind”: Invalid value {kind[:80]!r}.",
                fix=f"There are: {', '.join(self.kinds) or 'none'}. Another package's has to be "
                "installed beside Herdbook: uv tool install --with PACKAGE …",
            )
        settings: SensorSettings = check(
            table, self.plugin(kind).settings, path, where=where, guide=GUIDE
        )
        return settings

    def plugin(self, kind: str) -> Plugin[Any]:
        """A kind that there is. Raises `ConfigError` for one that is broken, or there twice."""
        first, *others = self._found[kind]
        if others:
            raise ConfigError(
                f"The sensor kind “{kind}” is in {_names([first, *others])}.",
                fix="Uninstall all of them but one.",
            )
        try:
            plugin = first.load()
        except ModuleNotFoundError as error:
            raise _broken(
                first, f"cannot be loaded: {_said(error)}", fix=_installing(first)
            ) from error
        except (Exception, SystemExit) as error:
            raise _broken(first, f"cannot be loaded: {_said(error)}") from error
        if not isinstance(plugin, Plugin):
            raise _broken(first, f"is {first.value}, which is no herdbook Plugin")
        config = plugin.settings.__struct_config__
        if config.tag != kind or not issubclass(plugin.settings, SensorSettings):
            raise _broken(
                first,
                f"has {plugin.settings.__name__} for its table, which is no SensorSettings with "
                f"tag={kind!r}",
            )
        return plugin

    def open(self, settings: SensorSettings, surroundings: Surroundings) -> Sensor:
        """The sensor of a table. Raises `ConfigError` for one that cannot be."""
        kind = str(settings.__struct_config__.tag)
        plugin = self.plugin(kind)
        try:
            sensor: Sensor = plugin.open(settings, surroundings)
            keep_to_it(sensor)
        except HerdbookError:
            raise
        except (Exception, SystemExit) as error:
            raise _broken(self._found[kind][0], f"cannot be opened: {_said(error)}") from error
        return sensor

    def discover(self, kind: str, surroundings: Surroundings) -> list[Found]:
        """What of a kind is attached. Raises `ConfigError` for a kind that is broken."""
        plugin = self.plugin(kind)
        try:
            return [] if plugin.discover is None else list(plugin.discover(surroundings))
        except HerdbookError:
            raise
        except (Exception, SystemExit) as error:
            raise _broken(self._found[kind][0], f"cannot look around: {_said(error)}") from error


class _Kind(Struct):
    kind: str


def _broken(entry: EntryPoint, how: str, fix: str = _REINSTALL) -> ConfigError:
    return ConfigError(f"The sensor kind “{entry.name}” of {_names([entry])} {how}.", fix=fix)


def _installing(entry: EntryPoint) -> str:
    """What to do about a missing module: perhaps it comes with an extra of the kind's package."""
    extras = list(entry.extras)
    if entry.dist is not None and entry.dist.name == "herdbook":
        extras.insert(0, "alpaca")
    if entry.dist is None or not extras:
        return _REINSTALL
    return f"Install it with what this kind needs: “{entry.dist.name}[{','.join(extras)}]”."


def _names(entries: Iterable[EntryPoint]) -> str:
    return " and ".join(
        f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        for entry in entries
    )


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
