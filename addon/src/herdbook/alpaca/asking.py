"""“Observe now”: every sensor is read out of its turn, and what the node sees becomes one sentence.

Owns that a sensor which does not answer holds up nothing, and is not asked again meanwhile.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from herdbook.alpaca.sampler import Listener, Sampler
from herdbook.alpaca.sensors.measurement import Measurement, Sample
from herdbook.alpaca.words.asked import observation_of
from herdbook.alpaca.words.language import Language
from herdbook.clock import Clock, now
from herdbook.eventlog.event import OBSERVATION, ObservationPayload

ALL_SENSORS: Final = "all"
"""What an observation of the whole node has in the place of a sensor's id."""
_PATIENCE_S: Final = 6.0


class Asking:
    """Asks the samplers of a node. `close` once they have stopped."""

    def __init__(
        self,
        name: str,
        samplers: Sequence[Sampler],
        listener: Listener,
        clock: Clock,
        language: Language,
    ) -> None:
        self._name = name
        self._language = language
        self._samplers = samplers
        self._listener = listener
        self._clock = clock
        self._one = asyncio.Lock()
        self._readings: dict[int, asyncio.Task[None]] = {}

    async def observe(self) -> list[ObservationPayload]:
        """Read all sensors at once, and log what they show; the observation that was made of it.

        One that does not answer within six seconds is told as it was last seen.
        """
        async with self._one:
            for number, sampler in enumerate(self._samplers):
                running = self._readings.get(number)
                if running is None or running.done():
                    self._readings[number] = asyncio.create_task(sampler.sample())
            done, _ = await asyncio.wait(self._readings.values(), timeout=_PATIENCE_S)
            for reading in done:
                reading.result()  # what went wrong there is to be known here
            at = now(self._clock)
            observation = observation_of(self._samples(), ALL_SENSORS, self._name, self._language)
            await self._listener.event(OBSERVATION, observation, at)
            return [observation]

    async def close(self) -> None:
        """Stop what still reads."""
        for reading in self._readings.values():
            reading.cancel()
        await asyncio.gather(*self._readings.values(), return_exceptions=True)

    def _samples(self) -> list[tuple[Measurement, Sample]]:
        return [
            (latest.measurement, latest.sample)
            for sampler in self._samplers
            for latest in sampler.latest()
        ]
