"""Tries out what a configuration says, once: whether the other side answers and every sensor reads.

Changes nothing: no key is made, no log is written, nobody hears of this node.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.alpaca.address import Address, LlamaSettings
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.courier import check
from herdbook.alpaca.sensors.measurement import Fault, Sample, Sensor, Waking
from herdbook.alpaca.sensors.opening import open_sensors
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.broker import BrokerSettings, reach
from herdbook.clock import Clock
from herdbook.errors import BrokerUnavailable, Busy, LlamaUnavailable, ModelDown, ModelRefused
from herdbook.eventlog import topics
from herdbook.llm.engine import Turn
from herdbook.llm.language_model import open_model

_PATIENCE_S: Final = 10.0
_LISTEN_S: Final = 3.0
_MODEL_S: Final = 60.0
"""A small machine takes its time to load one."""
_NOBODY: Final = "a" * 26
"""An id that no node has: a Llama answers that it does not know it, and writes nothing down."""


class Tried(Struct, frozen=True):
    """One thing that was tried: whether it works, and what there is to say, with what to do."""

    what: str
    works: bool
    words: str


class _Greeting(Struct):
    """What a model is asked for."""

    word: Annotated[str, Meta(min_length=1, max_length=8)]


async def try_way(config: AlpacaConfig) -> Tried:
    """Reach the broker or the Llama. Raises `ConfigError` for an address or file that cannot be."""
    if config.llama is not None:
        return await _try_llama(config.llama)
    return await _try_broker(config.broker or BrokerSettings())


async def try_model(config: AlpacaConfig) -> Tried | None:
    """Ask the model for a word; None where none was chosen. Raises `ConfigError`: `open_model`."""
    if config.model.engine == "none":
        return None
    model = open_model(config.model)
    try:
        question = [Turn("user", "Answer with a JSON object whose member “word” is a greeting.")]
        await model.ask(_Greeting, question, patience_s=_MODEL_S, down_s=0)
    except (Busy, ModelDown, ModelRefused) as error:
        return Tried("Model", False, str(error))
    finally:
        await model.close()
    return Tried("Model", True, f"{config.model.url} answers.")


def try_sensors(config: AlpacaConfig, clock: Clock) -> Iterator[Tried]:
    """Open every sensor and read it once. Raises `ConfigError` for one that cannot be."""
    surroundings = Surroundings(clock, config.broker, language=LANGUAGES[config.language])
    for sensor in open_sensors(config, surroundings):
        samples = (
            asyncio.run(_heard(sensor, sensor)) if isinstance(sensor, Waking) else _read(sensor)
        )
        for measurement in sensor.measurements:
            if samples is None:
                yield Tried(measurement.name, False, "does not answer.")
                continue
            sample = samples.get(measurement.id)
            if isinstance(sample, Fault):
                reason = sample.reason.removeprefix(f"{measurement.name}: ")
                yield Tried(measurement.name, False, reason)
            elif sample is not None:
                words = f"{measurement.state(sample)} {measurement.unit or ''}".rstrip()
                yield Tried(measurement.name, True, words)


async def _try_broker(settings: BrokerSettings) -> Tried:
    try:
        # Another name than the node's, which the broker would put out for this.
        await reach(settings, f"herdbook-trial-{os.getpid()}")
    except BrokerUnavailable as error:
        return Tried("MQTT broker", False, str(error))
    return Tried("MQTT broker", True, f"{settings.host}:{settings.port} lets this node in.")


async def _try_llama(settings: LlamaSettings) -> Tried:
    address = Address(settings)
    try:
        check(address.url, await address.post(topics.path(topics.log(_NOBODY)), b""))
    except LlamaUnavailable as error:
        return Tried("Llama", False, str(error))
    return Tried("Llama", True, f"{address.url} answers.")


async def _heard(sensor: Sensor, ears: Waking) -> Mapping[str, Sample] | None:
    """What a sensor reads that listens; where that is nothing, it gets some time to hear of it."""
    woken = asyncio.Event()
    listening = asyncio.create_task(ears.run(woken.set))
    try:
        samples = await asyncio.to_thread(_read, sensor)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LISTEN_S):
                while samples is not None and _at_fault(samples):
                    await woken.wait()
                    woken.clear()
                    samples = await asyncio.to_thread(_read, sensor)
        return samples
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def _at_fault(samples: Mapping[str, Sample]) -> bool:
    return any(isinstance(one, Fault) for one in samples.values())


def _read(sensor: Sensor) -> dict[str, Sample] | None:
    """What it reads; None when it takes too long.

    In a thread that keeps no process from ending, for nothing ends a read that hangs.
    """
    answers: queue.SimpleQueue[dict[str, Sample]] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(dict(sensor.read())), daemon=True).start()
    try:
        return answers.get(timeout=_PATIENCE_S)
    except queue.Empty:
        return None
