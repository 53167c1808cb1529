"""One chip on a bus, by its driver, which is made anew whenever something went wrong.

A driver talks to its chip when it is made (calibration, modes): one that was pulled out and put
back has forgotten that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from herdbook.alpaca.sensors.i2c.bus import Bus
from herdbook.alpaca.sensors.measurement import Measurement, Sample, checked
from herdbook.alpaca.sensors.number import beginning_of
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.settings import Name, SeveralSettings, require_printable
from herdbook.alpaca.sensors.value import Unreadable, fault_of

type BusNumber = Annotated[int, Meta(ge=0, le=255)]
type Address = Annotated[int, Meta(ge=0x08, le=0x77)]

# Buses inside a computer and to its screens: nothing that a household attached is there.
_INNER: Final = ("smbus", "ddc", "dpdc", "aux", "i915", "nvidia", "amdgpu", "hdmi")


class Chip[Driver]:
    """A chip at an address; `make` makes its driver."""

    def __init__(self, bus: Bus, address: int, make: Callable[[Bus, int], Driver]) -> None:
        self._bus = bus
        self._address = address
        self._make = make
        self._driver: Driver | None = None

    def ask[Answer](self, question: Callable[[Driver], Answer]) -> Answer:
        """What the driver answers. Raises `Unreadable`."""
        try:
            with self._bus.reading(self._address):
                if self._driver is None:
                    self._driver = self._make(self._bus, self._address)
                return question(self._driver)
        except Unreadable:
            raise
        # All that Adafruit's drivers raise for a chip that is silent, another, or out of its mind.
        except (OSError, RuntimeError, ValueError, ArithmeticError) as error:
            self.forget()
            raise Unreadable(
                "the chip at {address} does not answer: {error}",
                address=f"{self._address:#04x}",
                error=str(error),
            ) from error

    def forget(self) -> None:
        """Begin anew at the next question."""
        self._driver = None


class ChipSettings(SeveralSettings, frozen=True, kw_only=True):
    """The table of a chip with several values; their names begin with `name`."""

    name: Name
    bus: BusNumber = 1

    def __post_init__(self) -> None:
        require_printable(self.name)


class ChipSensor[Driver]:
    """See `herdbook.alpaca.sensors.measurement.Sensor`. `values` asks the driver, by id."""

    pace = 1.0

    def __init__(
        self,
        settings: ChipSettings,
        measurements: Iterable[Measurement],
        chip: Chip[Driver],
        values: Callable[[Driver], Mapping[str, float]],
    ) -> None:
        self.interval = settings.interval
        self.quiet = settings.quiet
        self.measurements = settings.tuned(*measurements)
        self._chip = chip
        self._values = values

    def read(self) -> dict[str, Sample]:
        """See `Sensor`."""
        try:
            values = self._chip.ask(self._values)
        except Unreadable as error:
            return {one.id: fault_of(one.name, error) for one in self.measurements}
        return {one.id: checked(one, values[one.id]) for one in self.measurements}


def buses(root: Path) -> Iterator[int]:
    """The numbers of the buses that somebody may have attached something to."""
    for folder in sorted((root / "sys/class/i2c-dev").glob("i2c-*")):
        try:
            name = beginning_of(folder / "name").decode("utf-8", "replace").lower()
        except OSError:
            continue
        number = folder.name.removeprefix("i2c-")
        if number.isdigit() and not any(word in name for word in _INNER):
            yield int(number)


def answering(
    surroundings: Surroundings, addresses: Iterable[int], asks: Callable[[Bus, int], bool]
) -> Iterator[tuple[int, int]]:
    """The bus and address of each chip that answers a question as its kind does."""
    wanted = list(addresses)
    for number in buses(surroundings.root):
        bus = surroundings.shared(Bus, number)
        for address in wanted:
            try:
                with bus.reading(address):
                    is_one = asks(bus, address)
            except OSError:
                continue  # nobody is there, or the bus cannot be used
            if is_one:
                yield number, address


def asked(bus: Bus, address: int, question: bytes, length: int) -> bytes:
    """What a chip answers to a few bytes. Raises `OSError` when nobody does."""
    answer = bytearray(length)
    while not bus.try_lock():
        pass  # as the drivers do; it gives up by itself
    try:
        bus.writeto_then_readfrom(address, question, answer)
    finally:
        bus.unlock()
    return bytes(answer)
