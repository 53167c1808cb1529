"""One running node: its sensors, its log and its line to the house, kept going together.

Owns the order of starting and stopping. No part waits for another: with no broker it samples,
notices and logs; with a full disk it still shows its states; with a broken sensor the others go on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from herdbook.alpaca.asking import Asking
from herdbook.alpaca.broker_line import BrokerLine, Command
from herdbook.alpaca.button import Button
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.diagnostics import Diagnostics
from herdbook.alpaca.discovery import all_parts
from herdbook.alpaca.heartbeat import beat
from herdbook.alpaca.known import NodeKnowledge
from herdbook.alpaca.line import Line
from herdbook.alpaca.llama_line import LlamaLine
from herdbook.alpaca.memory.habits import Habits
from herdbook.alpaca.memory.known import KnownMemories
from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.neighbours import Neighbourhood
from herdbook.alpaca.noticer import Noticer
from herdbook.alpaca.outputs import open_outputs
from herdbook.alpaca.outputs.config import OutputConfig
from herdbook.alpaca.outputs.output import output_of
from herdbook.alpaca.outputs.part import output_command_topic, output_part
from herdbook.alpaca.page.doors import open_doors
from herdbook.alpaca.part import observe_topic
from herdbook.alpaca.record import Record
from herdbook.alpaca.sampler import Sampler
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.subscriptions import Subscriptions
from herdbook.alpaca.timekeeping import keep_time
from herdbook.alpaca.unfinished import Unfinished
from herdbook.alpaca.uplink import Uplink
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.broker import BrokerSettings
from herdbook.clock import Clock, Instant
from herdbook.ending import to_its_end
from herdbook.eventlog.event import ObservationPayload
from herdbook.eventlog.pin import FilePin
from herdbook.eventlog.protocol import PULSE_MS
from herdbook.llm.language_model import LanguageModel
from herdbook.systemd import Supervisor

if TYPE_CHECKING:
    from herdbook.alpaca.mind import Mind

_LAST_SYNC_S: Final = 2.0


class Node:
    """One running node."""

    def __init__(
        self,
        config: AlpacaConfig,
        surroundings: Surroundings,
        sensors: Sequence[Sensor],
        record: Record,
        noticer: Noticer,
        memories: Memories,
        model: LanguageModel,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._noticer = noticer
        self._memories = memories
        self._record = record
        self._clock = clock
        self._samplers = [Sampler(sensor, self, clock, noticer) for sensor in sensors]
        self._outputs = open_outputs(config.output, self._send, clock, self.event)
        self._button = Button(self.observe, clock)
        self._diagnostics = Diagnostics(record, config.log, clock)
        pin = FilePin(config.data / "llama.key")
        self._neighbourhood = Neighbourhood(
            config.data, record.identity, pin, config.neighbours, clock, memories
        )
        self._uplink = Uplink(
            record,
            config.name,
            pin,
            clock,
            config.log,
            on_waiting=self._waiting,
            on_herd=self._neighbourhood.in_herd,
            on_version=self._diagnostics.llama,
            pulse_ms=None if config.llama is None else PULSE_MS,
        )
        record.follow(self._uplink.appended)
        self._line = self._connection(config, sensors, rng)
        self._asking = Asking(config.name, self._samplers, self, clock, LANGUAGES[config.language])
        self._knowledge = NodeKnowledge(
            config,
            record.identity.node_id,
            self._samplers,
            self._uplink,
            self._line,
            clock,
            self.observe,
            KnownMemories(memories),
            model,
        )
        self._mind = self._open_mind(config, model, surroundings)
        self._config = config

    async def run(self, on_ready: Callable[[str], None], supervisor: Supervisor) -> None:
        """Until cancelled. What depends on another is stopped before it."""
        config, node_id = self._config, self._record.identity.node_id
        habits = Habits(self._noticer, self._memories, config.language)
        async with (
            _running(self._line.run()),
            _running(
                *self._line.helpers(),
                self._uplink.run(self._line),
                self._neighbourhood.run(self._line),
            ),
            _running(*open_doors(config, node_id, self._knowledge, self._mind, self._clock)),
        ):
            try:
                async with asyncio.TaskGroup() as sampling:
                    sampling.create_task(keep_time(self._clock, self.event))
                    sampling.create_task(self._noticer.keep())
                    sampling.create_task(Unfinished(self._record, self._samplers).keep())
                    sampling.create_task(self._memories.run())
                    sampling.create_task(habits.run())
                    sampling.create_task(self._outputs.run(self._line))
                    sampling.create_task(self._diagnostics.run(self._line))
                    sampling.create_task(self._button.run())
                    if self._mind is not None:
                        sampling.create_task(self._mind.run())
                    for sampler in self._samplers:
                        sampling.create_task(sampler.run())
                    await asyncio.sleep(0)  # every task has begun: its socket is there
                    on_ready(node_id)
                    supervisor.ready()
                    sampling.create_task(
                        beat(supervisor, self._samplers, self._clock, lambda: self._line.trouble)
                    )
            finally:
                await to_its_end(self._end())

    async def _end(self) -> None:
        """Stop in safety, then write down what is in memory: each, whatever becomes of another."""
        async with AsyncExitStack() as last_first:
            last_first.push_async_callback(self._uplink.drain, _LAST_SYNC_S)
            last_first.push_async_callback(self._noticer.save)
            for sampler in self._samplers:
                last_first.push_async_callback(sampler.flush)
            last_first.push_async_callback(self._asking.close)
            last_first.push_async_callback(self._outputs.rest)
            if self._mind is not None:
                last_first.callback(self._mind.stop)

    async def close(self) -> None:
        """Let go of what it looked at; once it does not run any more."""
        await self._knowledge.close()

    def state(self, measurement: Measurement, value: float | None) -> None:
        """See `herdbook.alpaca.sampler.Listener`."""
        self._line.state(measurement, value)

    async def event(self, kind: str, payload: Struct, at: Instant) -> None:
        """See `herdbook.alpaca.sampler.Listener`."""
        if isinstance(payload, ObservationPayload):
            self._line.observed(payload)
        await self._record.append(kind, payload, at)

    async def observe(self) -> list[ObservationPayload]:
        """See `Asking.observe`."""
        return await self._asking.observe()

    async def _send(self, topic: str, payload: str) -> None:
        await self._line.send(topic, payload)

    def _waiting(self, events: int) -> None:
        self._line.waiting(events)

    def _open_mind(
        self, config: AlpacaConfig, model: LanguageModel, surroundings: Surroundings
    ) -> "Mind | None":
        if not model.is_on:
            return None
        from herdbook.alpaca.mind import Mind
        from herdbook.alpaca.tools.reach import Messages

        messages = None
        if config.broker is not None:
            messages = Messages(self._send, self._clock)
            surroundings.shared(Subscriptions, config.broker).overhear(messages.heard)
        return Mind(
            config,
            model,
            self._record,
            self._memories,
            self._knowledge,
            self._clock,
            outputs=self._outputs,
            messages=messages,
        )

    def _connection(
        self, config: AlpacaConfig, sensors: Sequence[Sensor], rng: random.Random
    ) -> Line:
        node_id = self._record.identity.node_id
        outputs = [output_part(node_id, output_of(output)) for output in config.output]
        # Also without a broker: two of one id are a mistake.
        parts = all_parts(node_id, config.name, sensors, outputs, LANGUAGES[config.language])
        uplink, on_neighbours = self._uplink, self._neighbourhood.heard
        if config.llama is not None:
            return LlamaLine(config.llama, node_id, uplink, on_neighbours, self._clock, rng)
        return BrokerLine(
            config.broker or BrokerSettings(),
            config.data,
            node_id,
            config.name,
            parts,
            self._commands(node_id, config.output),
            uplink,
            on_neighbours,
            self._clock,
            rng,
        )

    def _commands(self, node_id: str, outputs: Sequence[OutputConfig]) -> dict[str, Command]:
        commands: dict[str, Command] = {
            output_command_topic(node_id, output.id): partial(self._outputs.command, output.id)
            for output in outputs
        }
        return commands | {observe_topic(node_id): self._button.press}


@asynccontextmanager
async def _running(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these beside the body; a fault in one ends the body, the end of the body ends them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
