"""When an output may be set, when it goes back to safety by itself, and what is said of it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from herdbook.alpaca.outputs import outputs as module
from herdbook.alpaca.outputs.output import Bounds, Output, Setting
from herdbook.alpaca.outputs.outputs import Outputs
from herdbook.errors import BrokerUnavailable, InputError, OutputUnavailable, Unavailable
from tests.fakes.clock import ManualClock

FAN = Output("fan", "Fan", None, safe=False, loss_after=60, max_on=None)
FROST = Output("frost", "Frost guard", None, safe=True, loss_after=0, max_on=None)
PUMP = Output("pump", "Pump", None, safe=False, loss_after=3600, max_on=120)
VALVE = Output("valve", "Valve", None, 5.0, 60, None, Bounds(5, 30, 0.5, "°C"))


class Relay:
    """A driver that does as it is told, unless it is broken."""

    def __init__(self, safe: Setting) -> None:
        self.was: list[Setting] = []
        self.broken = ""
        self.closed = False
        self.gate: asyncio.Event | None = None
        self._safe = safe

    async def open(self) -> None:
        await self.set(self._safe)

    async def set(self, value: Setting) -> None:
        if self.broken:
            raise OutputUnavailable(self.broken)
        self.was.append(value)
        if self.gate is not None:
            await self.gate.wait()

    async def close(self) -> None:
        self.closed = True


class Bench:
    """One output of a node, and the house that it is shown to."""

    def __init__(self, output: Output) -> None:
        self.connected = True
        self.shown: list[str | None] = []
        self.logged: list[tuple[str, Any]] = []
        self.clock = ManualClock()
        self.relay = Relay(output.safe)
        self.outputs = Outputs([(output, self.relay)], self.clock, self._log)

    def output(self, output_id: str, state: str | None) -> None:
        if self.shown[-1:] != [state]:
            self.shown.append(state)

    async def _log(self, kind: str, payload: Any, at: object) -> None:
        self.logged.append((kind, payload))

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(output: Output, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.002)
    bench = Bench(output)
    task = asyncio.create_task(bench.outputs.run(bench))
    try:
        await bench.until(lambda: bench.outputs.list()[0].value is not None)
        yield bench
    finally:
        task.cancel()
        await asyncio.wait({task})
        await bench.outputs.rest()


async def test_from_the_start_to_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FAN, monkeypatch) as bench:
        assert (bench.relay.was, bench.shown) == ([False], ["OFF"])
        assert await bench.outputs.write("fan", True) is True
        assert [(now.value, now.fault) for now in bench.outputs.list()] == [(True, None)]
    assert bench.relay.was == [False, True, False]
    assert bench.shown == ["OFF", "ON", "OFF"]
    assert bench.relay.closed
    assert bench.logged == []
    with pytest.raises(OutputUnavailable, match="the node stops"):
        await bench.outputs.write("fan", True)


async def test_a_state_is_not_shown_before_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FAN, monkeypatch) as bench:
        bench.relay.gate = asyncio.Event()
        writing = asyncio.create_task(bench.outputs.write("fan", True))
        await bench.until(lambda: bench.relay.was == [False, True])
        await bench.settle()
        assert bench.shown == ["OFF"]
        bench.relay.gate.set()
        await writing
        assert bench.shown == ["OFF", "ON"]


async def test_what_was_interrupted_is_set_to_safety(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FAN, monkeypatch) as bench:
        bench.relay.gate = asyncio.Event()
        writing = asyncio.create_task(bench.outputs.write("fan", True))
        await bench.until(lambda: bench.relay.was == [False, True])
        bench.relay.gate.set()
        bench.relay.gate = None
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await bench.until(lambda: bench.relay.was[-1] is False)
        await bench.until(lambda: bench.shown[-1] == "OFF")


async def test_a_number_is_what_was_really_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(VALVE, monkeypatch) as bench:
        await bench.outputs.command("valve", b"21.3", False)
        assert bench.relay.was == [5.0, 21.5]
        assert bench.shown == ["5", "21.5"]


async def test_a_cut_is_borne_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(FAN, monkeypatch) as bench:
        await bench.outputs.write("fan", True)
        bench.connected = False
        await bench.settle()
        bench.clock.advance(59_999)
        await bench.settle()
        assert bench.relay.was == [False, True]
        bench.clock.advance(1)
        await bench.until(lambda: bench.logged)
        assert bench.relay.was == [False, True, False]
        [(kind, payload)] = bench.logged
        assert (kind, payload.output, payload.value) == ("output", "fan", False)
        assert payload.why == "connection_lost"
        assert "Fan goes to OFF: no connection for 60 s." in caplog.text
        with pytest.raises(OutputUnavailable, match="no connection"):
            await bench.outputs.write("fan", True)
        bench.connected = True
        await bench.settle()
        assert await bench.outputs.write("fan", True) is True
        assert len(bench.logged) == 1


async def test_a_short_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FAN, monkeypatch) as bench:
        await bench.outputs.write("fan", True)
        for _ in range(5):
            bench.connected = False
            await bench.settle()
            bench.clock.advance(40_000)
            bench.connected = True
            await bench.settle()
        assert bench.relay.was == [False, True]


async def test_what_is_safe_may_be_on_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FROST, monkeypatch) as bench:
        assert bench.relay.was == [True]
        await bench.outputs.write("frost", False)
        bench.connected = False
        await bench.until(lambda: bench.relay.was == [True, False, True])


async def test_it_is_on_for_so_long_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(PUMP, monkeypatch) as bench:
        for _ in range(3):
            await bench.outputs.write("pump", True)
            bench.clock.advance(39_000)
            await bench.settle()
        assert bench.logged == []
        bench.clock.advance(3_000)
        await bench.until(lambda: bench.logged)
        assert bench.logged[0][1].why == "too_long"
        assert bench.relay.was[-1] is False
        await bench.outputs.write("pump", True)  # a new time begins
        bench.clock.advance(119_000)
        await bench.settle()
        assert bench.relay.was[-1] is True


async def test_a_failure_is_unavailable_and_says_why_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(FAN, monkeypatch) as bench:
        bench.relay.broken = "The line is gone."
        with pytest.raises(Unavailable, match="The line is gone"):
            await bench.outputs.write("fan", True)
        assert bench.shown == ["OFF", None]
        [now] = bench.outputs.list()
        assert (now.value, now.fault) == (None, "The line is gone.")
        with pytest.raises(OutputUnavailable, match=r"does not work now: The line is gone\."):
            await bench.outputs.write("fan", True)
        for _ in range(20):
            bench.clock.advance(60_000)
            await bench.settle()
        assert caplog.text.count("The line is gone. It is unavailable until then.") == 1
        bench.relay.broken = ""
        bench.clock.advance(60_000)
        await bench.until(lambda: bench.shown == ["OFF", None, "OFF"])
        assert "Fan works again, and is OFF." in caplog.text
        assert bench.relay.was == [False, False]  # nobody knew what it was


async def test_safety_that_fails_is_tried_until_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(FAN, monkeypatch) as bench:
        await bench.outputs.write("fan", True)
        bench.relay.broken = "No broker."
        bench.connected = False
        bench.clock.advance(60_000)
        await bench.until(lambda: bench.shown[-1] is None)
        for _ in range(10):
            bench.clock.advance(60_000)
            await bench.settle()
        assert len(bench.logged) == 1
        bench.relay.broken = ""
        bench.connected = True  # at once, however long it had been tried in vain
        await bench.until(lambda: bench.relay.was == [False, True, False])


async def test_of_the_broker_the_connection_speaks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(FAN, monkeypatch) as bench:

        async def unheard(value: Setting) -> None:
            raise BrokerUnavailable("No broker.")

        with monkeypatch.context() as away:
            away.setattr(bench.relay, "set", unheard)
            with pytest.raises(BrokerUnavailable):
                await bench.outputs.write("fan", True)
            bench.clock.advance(60_000)
            await bench.settle()
            assert bench.outputs.list()[0].fault == "No broker."
        bench.clock.advance(60_000)
        await bench.until(lambda: bench.shown == ["OFF", None, "OFF"])
        assert caplog.text == ""


@pytest.mark.parametrize("payload", [b"on", b"", b"\x00", b"ON\n", b"nan", b"\xff" * 300_000])
async def test_other_commands_are_refused_with_a_word(
    payload: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(FAN, monkeypatch) as bench:
        await bench.outputs.command("fan", payload, False)
        assert bench.relay.was == [False]
        assert "A command was refused" in caplog.text
        assert len(caplog.text) < 1000
        await bench.outputs.command("fan", b"ON", False)
        assert bench.relay.was == [False, True]


async def test_a_retained_command_is_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(FAN, monkeypatch) as bench:
        await bench.outputs.command("fan", b"ON", True)
        assert bench.relay.was == [False]
        assert "it would be carried out again at each connection" in caplog.text


async def test_a_flood_is_held_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(FAN, monkeypatch) as bench:
        for number in range(1000):
            await bench.outputs.command("fan", b"ON" if number % 2 == 0 else b"OFF", False)
        assert len(bench.relay.was) == 11
        assert caplog.text.count("Too many commands for Fan") == 1
        bench.clock.advance(1000)
        for _ in range(10):
            await bench.outputs.command("fan", b"ON", False)
        assert len(bench.relay.was) == 13


async def test_only_what_is_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(FAN, monkeypatch) as bench:
        for unknown in ("door", "", "../fan"):
            with pytest.raises(InputError, match="There is no output"):
                await bench.outputs.write(unknown, True)
        with pytest.raises(InputError):
            await bench.outputs.write("fan", 1.0)
        assert bench.relay.was == [False]


class Stuck(Relay):
    """A driver that cannot even be let go of, or does not answer."""

    async def close(self) -> None:
        raise OSError("the chip is gone")


async def test_at_the_stop_one_that_fails_or_hangs_keeps_no_other_from_safety(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.002)
    monkeypatch.setattr(module, "_RESTING_S", 0.1)
    bench = Bench(FAN)
    relays = [Stuck(False), Relay(True), Relay(False)]
    outputs = Outputs(list(zip((FAN, FROST, PUMP), relays, strict=True)), ManualClock(), bench._log)
    task = asyncio.create_task(outputs.run(bench))
    await bench.until(lambda: all(one.value is not None for one in outputs.list()))
    task.cancel()
    await asyncio.wait({task})
    for one in ("fan", "pump"):
        await outputs.write(one, True)
    await outputs.write("frost", False)
    relays[1].gate = asyncio.Event()
    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="the chip is gone")):
        await outputs.rest()
    assert [relay.was[-1] for relay in relays] == [False, True, False]
    assert relays[2].closed
    assert "Frost guard cannot be set, it does not answer" in caplog.text
