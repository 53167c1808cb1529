"""All outputs of a node: who may set them, how often, and when they go back to safety.

Owns what each of them is now. A setting counts once its driver has said that it is so; after a
failure nobody knows what an output is: it is unavailable until it could be set to what is safe.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from herdbook.allowance import Allowance
from herdbook.alpaca.outputs.output import Driver, Output, Setting
from herdbook.clock import Clock, Instant, now
from herdbook.errors import (
    BrokerUnavailable,
    HerdbookError,
    InputError,
    OutputUnavailable,
    Unavailable,
)
from herdbook.eventlog.event import OUTPUT, OutputPayload, WhySafe
from herdbook.log import PacedLog

_LOOK_EVERY_S: Final = 0.5
_RETRY_MS: Final = (1_000, 60_000)
_COMMANDS_AT_ONCE: Final = 10
_COMMAND_EVERY_MS: Final = 500
_RESTING_S: Final = 15.0  # longer than a broker may be silent to a message

_log = logging.getLogger(__name__)

type Log = Callable[[str, Struct, Instant], Awaitable[None]]


class OutputNow(Struct, frozen=True):
    """One output as a model's tools and the local page see it; `value` is None with a `fault`."""

    output: Output
    value: Setting | None
    fault: str | None


class House(Protocol):
    """The part of `herdbook.alpaca.line.Line` that is used here."""

    @property
    def connected(self) -> bool:
        """Whether somebody could say something."""

    def output(self, output_id: str, state: str | None) -> None:
        """An output was set so; None: it does not work."""


class Outputs:
    """`run` opens them and watches until cancelled; `rest` then ends in safety."""

    def __init__(
        self,
        outputs: Sequence[tuple[Output, Driver]],
        clock: Clock,
        log_event: Log,
    ) -> None:
        self._clock = clock
        self._log_event = log_event
        self._paced = PacedLog(_log, clock)
        self._channels = {output.id: _Channel(output, driver, clock) for output, driver in outputs}
        self._house: House | None = None
        self._heard_ms = clock.monotonic_ms()
        self._connected = False
        self._resting = False

    def list(self) -> list[OutputNow]:
        """Every output, as it is now."""
        return [
            OutputNow(channel.output, channel.value, channel.fault)
            for channel in self._channels.values()
        ]

    async def write(self, output_id: str, value: Setting) -> Setting:
        """Set an output; what it is then: of a number, the nearest step.

        Raises `InputError` for an output that is not in the file or a value it cannot have, and
        `Unavailable` when it does not work, or the node has been cut off for too long.
        """
        channel = self._channel(output_id)
        setting = channel.output.checked(value)
        async with channel.lock:
            self._require_care(channel)
            try:
                await channel.set(setting)
            finally:
                self._show(channel)
        return setting

    async def command(self, output_id: str, payload: bytes, retained: bool) -> None:
        """Somebody at the broker wants something. What cannot be is refused, with a word."""
        channel = self._channel(output_id)
        name = channel.output.name
        if retained:
            self._paced.warning(
                f"retained {output_id}",
                f"A retained command for {name} is ignored: it would be carried out again at each"
                " connection, though nobody asks. Publish it without retain.",
            )
        elif not channel.commands.spend(self._clock.monotonic_ms()):
            self._paced.warning(f"flood {output_id}", f"Too many commands for {name}: refused.")
        else:
            try:
                await self.write(output_id, channel.output.parsed(payload))
            except HerdbookError as error:
                self._paced.warning(f"{error.code} {output_id}", f"A command was refused: {error}")

    async def run(self, house: House) -> None:
        """Open the outputs and bring them to safety when it is time, until cancelled."""
        if not self._channels:
            return
        self._house = house
        while True:
            self._notice(house.connected)
            for channel in self._channels.values():
                async with channel.lock:
                    await self._look_after(channel)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _notice(self, connected: bool) -> None:
        now_ms = self._clock.monotonic_ms()
        if connected and not self._connected:
            for channel in self._channels.values():
                channel.retry_at = now_ms  # what failed for want of a connection
        self._connected = connected
        if connected:
            self._heard_ms = now_ms

    async def rest(self) -> None:
        """The node stops: set everything to what is safe, and let go of it.

        All at once, for one that cannot be set must not keep another from safety. What hangs is
        given up after 15 s; the log says so.
        """
        self._resting = True
        tasks = {
            asyncio.create_task(self._rest(channel)): channel.output.name
            for channel in self._channels.values()
        }
        if not tasks:
            return
        done, hanging = await asyncio.wait(tasks, timeout=_RESTING_S)
        for task in hanging:
            task.cancel()
            _log.error("At the stop: %s cannot be set, it does not answer.", tasks[task])
        if errors := [error for task in done if (error := task.exception()) is not None]:
            raise BaseExceptionGroup("outputs at the stop", errors)

    async def _rest(self, channel: "_Channel") -> None:
        async with channel.lock:
            try:
                if channel.value != channel.output.safe:
                    await channel.set(channel.output.safe)
            except Unavailable as error:
                _log.warning("At the stop: %s", error)
            self._show(channel)
            await channel.driver.close()

    async def _look_after(self, channel: "_Channel") -> None:
        output = channel.output
        if channel.value is None:
            await self._open(channel)
        elif channel.value != output.safe:
            if self._is_lost(channel):
                words = f"no connection for {output.loss_after:g} s"
                await self._to_safety(channel, "connection_lost", words)
            elif channel.is_on_too_long():
                await self._to_safety(channel, "too_long", f"{output.max_on:g} s have passed")

    async def _open(self, channel: "_Channel") -> None:
        if self._clock.monotonic_ms() < channel.retry_at:
            return
        try:
            await channel.open()
        except Unavailable as error:
            self._complain(channel, error)
        else:
            if channel.said:
                words = channel.output.state(channel.output.safe)
                _log.info("%s works again, and is %s.", channel.output.name, words)
            channel.said = ""
        self._show(channel)

    def _complain(self, channel: "_Channel", error: Unavailable) -> None:
        """Say what is wrong, once; of the broker, the connection has said it."""
        if not isinstance(error, BrokerUnavailable) and channel.said != str(error):
            channel.said = str(error)
            _log.warning("%s It is unavailable until then.", error)

    async def _to_safety(self, channel: "_Channel", why: WhySafe, words: str) -> None:
        output = channel.output
        _log.warning("%s goes to %s: %s.", output.name, output.state(output.safe), words)
        try:
            await channel.set(output.safe)
        except Unavailable as error:
            self._complain(channel, error)
        self._show(channel)
        payload = OutputPayload(output.id, output.name, output.safe, why)
        await self._log_event(OUTPUT, payload, now(self._clock))

    def _channel(self, output_id: str) -> "_Channel":
        try:
            return self._channels[output_id]
        except KeyError:
            raise InputError(
                f"There is no output “{output_id[:32]}”.",
                fix="Only what has an [[output]] table can be set.",
            ) from None

    def _require_care(self, channel: "_Channel") -> None:
        """Raise `OutputUnavailable` where nobody would bring it back to safety."""
        name = channel.output.name
        if self._resting:
            raise OutputUnavailable(f"{name} is not set: the node stops.")
        if channel.value is None:
            raise OutputUnavailable(f"{name} does not work now: {channel.fault or 'not tried yet'}")
        if self._is_lost(channel):
            raise OutputUnavailable(f"{name} is not set: the node has no connection.")

    def _is_lost(self, channel: "_Channel") -> bool:
        if self._house is not None and self._house.connected:
            return False
        away_ms = self._clock.monotonic_ms() - self._heard_ms
        return away_ms >= channel.output.loss_after * 1000

    def _show(self, channel: "_Channel") -> None:
        if self._house is not None:
            value = channel.value
            state = None if value is None else channel.output.state(value)
            self._house.output(channel.output.id, state)


class _Channel:
    """What is known of one output; `lock` is held by who sets it."""

    def __init__(self, output: Output, driver: Driver, clock: Clock) -> None:
        self.output = output
        self.driver = driver
        self.lock = asyncio.Lock()
        self.commands = Allowance(_COMMANDS_AT_ONCE, _COMMAND_EVERY_MS, clock.monotonic_ms())
        self.value: Setting | None = None
        self.fault: str | None = None
        self.said = ""
        self.retry_at = 0
        self._clock = clock
        self._left_safety_ms = 0
        self._retry_ms = _RETRY_MS[0]

    async def open(self) -> None:
        """Get hold of it, in safety. Raises `Unavailable`."""
        try:
            await self.driver.open()
        except Unavailable as error:
            self._fail(error)
            raise
        self.value, self.fault = self.output.safe, None
        self._retry_ms = _RETRY_MS[0]

    async def set(self, value: Setting) -> None:
        """Set it. Raises `Unavailable`, and then it has to be opened again."""
        if self.value is None or self.value == self.output.safe:
            self._left_safety_ms = self._clock.monotonic_ms()
        try:
            await self.driver.set(value)
        except Unavailable as error:
            self._fail(error)
            raise
        except asyncio.CancelledError:
            self.value, self.fault = None, "Setting it was interrupted."
            raise
        self.value = value

    def is_on_too_long(self) -> bool:
        """Whether it has been away from safety for longer than it may."""
        longest = self.output.max_on
        away_ms = self._clock.monotonic_ms() - self._left_safety_ms
        return longest is not None and away_ms >= longest * 1000

    def _fail(self, error: Unavailable) -> None:
        self.value, self.fault = None, error.message
        self.retry_at = self._clock.monotonic_ms() + self._retry_ms
        self._retry_ms = min(self._retry_ms * 2, _RETRY_MS[1])
