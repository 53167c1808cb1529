"""A number that another device publishes by MQTT, on the broker that the node itself uses.

What comes is as trustworthy as anybody who can reach the broker: see `extraction`. The broker is
told to send nothing over 320 KiB; of the rest one message at a time is kept, and none over 64 KiB.
"""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from herdbook.alpaca.sensors.extraction import MAX_BYTES, Extraction
from herdbook.alpaca.sensors.plugin import Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.subscriptions import Subscriptions
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor
from herdbook.clock import Clock
from herdbook.errors import ConfigError


class MqttConfig(ValueSettings, frozen=True, kw_only=True, tag="mqtt"):
    """`topic` and, in the JSON that is published there, the path `json`.

    What was heard longer ago than `max_age` seconds is no value any more.
    """

    topic: Annotated[str, Meta(pattern=r"^[^+#\x00]{1,512}\Z")]
    json: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    max_age: Annotated[float, Meta(ge=1, le=604_800)] = 3600.0


class MqttSensor(ValueSensor[MqttConfig]):
    """Shows what was heard last, at once when it is heard."""

    def __init__(self, settings: MqttConfig, subscriptions: Subscriptions, clock: Clock) -> None:
        super().__init__(settings)
        self._extraction = Extraction(settings.json, words=settings.form == "binary")
        self._subscriptions = subscriptions
        self._clock = clock
        self._heard: tuple[bytes, int] | None = None
        self._wake: Callable[[], None] | None = None
        subscriptions.add(settings.topic, self._hear, self._news)

    async def run(self, wake: Callable[[], None]) -> None:
        """See `herdbook.alpaca.sensors.measurement.Waking`."""
        self._wake = wake
        await self._subscriptions.run()

    def value(self) -> float:
        """See `ValueSensor`."""
        topic, heard = self.settings.topic, self._heard
        if heard is None and not self._subscriptions.connected:
            raise Unreadable("there is no connection to the MQTT broker")
        if heard is None:
            raise Unreadable("nothing was heard on {topic} so far", topic=repr(topic))
        said, at_ms = heard
        if self._clock.monotonic_ms() - at_ms > self.settings.max_age * 1000:
            raise Unreadable(
                "nothing was heard on {topic} for {seconds} s; messages over 320 KiB do not arrive",
                topic=repr(topic),
                seconds=float(self.settings.max_age),
            )
        return self._extraction.number(said)

    def _hear(self, payload: bytes) -> None:
        # One byte more says that it was too much.
        self._heard = (payload[: MAX_BYTES + 1], self._clock.monotonic_ms())
        self._news()

    def _news(self) -> None:
        # A connection is news, too: why there is no value is another thing then.
        if self._wake is not None:
            self._wake()


def _open(settings: MqttConfig, surroundings: Surroundings) -> MqttSensor:
    if surroundings.broker is None:
        raise ConfigError(
            f"The sensor “{settings.id}” listens to an MQTT topic, and there is no [broker].",
            fix="Name the broker under [broker], or remove the sensor.",
        )
    subscriptions = surroundings.shared(Subscriptions, surroundings.broker)
    return MqttSensor(settings, subscriptions, surroundings.clock)


PLUGIN = Plugin(MqttConfig, _open)
