"""A running node as it is known: see `herdbook.alpaca.knowledge.Knowledge`."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence

from herdbook import __version__
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.history.history import History, Said, Span
from herdbook.alpaca.knowledge import (
    Knowledge,
    Memories,
    Noticed,
    SensorNow,
    Status,
    Thoughts,
)
from herdbook.alpaca.line import Line
from herdbook.alpaca.memory.known import KnownMemories
from herdbook.alpaca.sampler import Latest, Sampler
from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.uplink import Uplink
from herdbook.alpaca.words.language import Language
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.clock import Clock, iso
from herdbook.errors import StorageError
from herdbook.eventlog.event import ObservationPayload
from herdbook.ids import fingerprint_of
from herdbook.llm.language_model import LanguageModel


class NodeKnowledge(Knowledge):
    """What the parts of a node know, together."""

    def __init__(
        self,
        config: AlpacaConfig,
        node_id: str,
        samplers: Sequence[Sampler],
        uplink: Uplink,
        line: Line,
        clock: Clock,
        observe: Callable[[], Awaitable[list[ObservationPayload]]],
        memories: KnownMemories,
        model: LanguageModel,
    ) -> None:
        self._config = config
        self._node_id = node_id
        self._samplers = samplers
        self._uplink = uplink
        self._line = line
        self._clock = clock
        self._observe = observe
        self._memories = memories
        self._model = model
        self._started_ms = clock.monotonic_ms()
        self._history = History(config.data, clock)
        self._language = LANGUAGES[config.language]

    @property
    def memories(self) -> Memories:
        """See `Knowledge`."""
        return self._memories

    @property
    def thoughts(self) -> Thoughts | None:
        """See `Knowledge`."""
        return self._memories if self._model.is_on else None

    async def status(self) -> Status:
        """See `Knowledge`. Raises `StorageError`."""
        disk_size, disk_free, log_size = await asyncio.to_thread(self._sizes)
        sensors = self.sensors()
        # By today's clock, which may have been set since.
        started_ms = self._clock.wall_ms() - self._clock.monotonic_ms() + self._started_ms
        return Status(
            node_id=self._node_id,
            fingerprint=fingerprint_of(self._node_id),
            name=self._config.name,
            version=__version__,
            now=iso(self._clock.wall_ms()),
            started=iso(max(0, started_ms)),
            clock=self._clock.quality(),
            way="broker" if self._config.llama is None else "llama",
            connected=self._line.connected,
            trouble=self._line.trouble,
            llama=self._uplink.state,
            waiting=self._uplink.waiting,
            disk_size=disk_size,
            disk_free=disk_free,
            log_size=log_size,
            sensors=len(sensors),
            unavailable=sum(one.fault is not None for one in sensors),
            model=self._model.state,
        )

    def sensors(self) -> list[SensorNow]:
        """See `Knowledge`."""
        return [
            _sensor_now(one, self._language)
            for sampler in self._samplers
            for one in sampler.latest()
        ]

    async def observations(self, limit: int) -> list[Noticed]:
        """See `Knowledge`."""
        return [_noticed(said) for said in await self._history.observations(limit)]

    async def history(self, sensor: str, from_ms: int, to_ms: int) -> Span:
        """See `Knowledge`."""
        return await self._history.between(sensor, from_ms, to_ms)

    async def observe(self) -> list[ObservationPayload]:
        """See `Knowledge`."""
        return await self._observe()

    async def close(self) -> None:
        """Close the history."""
        await self._history.close()

    def _sizes(self) -> tuple[int, int, int]:
        """The disk's bytes, those of them that are free, and those of the log."""
        folder = self._config.data
        try:
            disk = shutil.disk_usage(folder)
            logs = [folder / f"log.db{ending}" for ending in ("", "-wal")]
            return disk.total, disk.free, sum(one.stat().st_size for one in logs if one.exists())
        except OSError as error:
            raise StorageError(f"Cannot look at {folder}: {error.strerror}.") from error


def _sensor_now(latest: Latest, language: Language) -> SensorNow:
    measurement, sample = latest.measurement, latest.sample
    return SensorNow(
        id=measurement.id,
        name=measurement.name,
        form=measurement.form,
        unit=measurement.unit,
        value=None if isinstance(sample, Fault) else sample,
        fault=sample.told(language) if isinstance(sample, Fault) else None,
        at=None if latest.at is None else iso(latest.at.wall_ms),
    )


def _noticed(said: Said) -> Noticed:
    payload = said.payload
    return Noticed(
        at=iso(said.moment.wall_ms),
        known=said.moment.known,
        kind=payload.kind,
        sensor=payload.sensor,
        sensor_name=payload.sensor_name,
        sentence=payload.sentence,
        value=payload.value,
        unit=payload.unit,
        usual=payload.usual,
        confidence=payload.confidence,
    )
