"""A house book with one approved node that measures, for tests."""

from collections.abc import Sequence

from herdbook.eventlog.batch import GENESIS, open_batch, seal
from herdbook.eventlog.event import (
    CLOCK,
    READINGS,
    Event,
    ObservationPayload,
    encode_payload,
)
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.readings import Sample, pack
from herdbook.eventlog.timeline import ClockPayload
from herdbook.house.book import HouseBook
from herdbook.house.ingest import Stored
from herdbook.house.memory import MEMORY, MemoryPayload
from herdbook.house.series import Series
from tests.eventlog.samples import event, identity


class Teller:
    """A node of a house book, and the log that it tells."""

    def __init__(self, book: HouseBook, who: Identity | None = None) -> None:
        self.book = book
        self.who = who or identity()
        self.seq = 0
        self.last_hash = GENESIS

    @property
    def node_id(self) -> str:
        return self.who.node_id

    async def join(self, name: str = "Hallway") -> None:
        await self.book.hello(self.node_id, Hello(name, "0.1.0", 0))
        await self.book.approve(self.node_id)

    def event(self, **changes: object) -> Event:
        self.seq += 1
        return event(self.seq, **changes)

    def block(
        self,
        samples: Sequence[Sample],
        sensor: str = "s",
        unit: str | None = "°C",
        *,
        offset_ms: int | None = None,
        name: str = "",
        **more: object,
    ) -> Event:
        """Samples as one block; `offset_ms` is wall time less the boot's own at the first."""
        payload = encode_payload(pack(sensor, unit, samples, offset_ms=offset_ms, name=name))
        return self.event(kind=READINGS, payload=payload, **more)

    async def tell(self, *events: Event) -> Stored:
        sealed = seal(self.who, self.last_hash, events)
        self.last_hash = sealed.hash
        return await self.book.store(open_batch(sealed.wire, self.node_id))

    async def measure(
        self, *samples: Sample, sensor: str = "s", unit: str | None = "°C", **more: object
    ) -> None:
        await self.tell(self.block(samples, sensor, unit, **more))

    async def series(self) -> Series:
        """The one that there is."""
        [only] = await self.book.series(self.node_id)
        return only


def answer(teller: Teller, offset_ms: int, boot_id: str = "b") -> Event:
    """What a node tells when NTP has answered: this boot's time was zero then."""
    payload = encode_payload(ClockPayload(offset_ms))
    return teller.event(kind=CLOCK, payload=payload, boot_id=boot_id, monotonic_ms=90_000)


def fact(
    teller: Teller, value: str, subject: str = "bathroom", name: str = "airing", **more: object
) -> Event:
    """How long something takes, as a node tells it."""
    payload = MemoryPayload(subject, name, value, f"The {subject} takes {value}.", 0.8)
    return teller.event(kind=MEMORY, payload=encode_payload(payload), **more)


def noticed(
    teller: Teller,
    sentence: str,
    sensor: str = "room_co2",
    name: str = "Living room CO₂",
    kind: str = "above_usual",
    values: tuple[float, ...] = (),
    **more: object,
) -> Event:
    """An observation with this sentence."""
    payload = ObservationPayload(
        *(sensor, name, kind, sentence, 1840.0, "ppm", None, 0.9), values=values
    )
    return teller.event(payload=encode_payload(payload), **more)
