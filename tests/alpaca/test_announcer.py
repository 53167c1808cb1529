"""What was announced is remembered until Home Assistant has heard of what is gone."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from herdbook.alpaca import announcer as module
from herdbook.alpaca.announcer import Announcer
from herdbook.alpaca.part import Part
from herdbook.errors import BrokerUnavailable

NODE = "mfrggzdfmztwq2lknnwg23tpoa"
BASE = f"herdbook/v1/node/{NODE}"
DEVICE = f"homeassistant/device/herdbook_{NODE}/config"


def part(name: str, platform: str = "sensor") -> Part:
    return Part(
        name,
        platform,
        {
            "name": name,
            "stat_t": f"{BASE}/sensor/{name}/state",
            "avty": [{"t": f"{BASE}/availability"}, {"t": f"{BASE}/sensor/{name}/availability"}],
        },
    )


class Broker:
    """Keeps what it is told; the `breaks`th message finds it gone."""

    connected = True

    def __init__(self, breaks: int = 0) -> None:
        self.told: list[tuple[str, Any, bool]] = []
        self._breaks = breaks

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        if len(self.told) + 1 == self._breaks:
            raise BrokerUnavailable("It is gone.")
        shown = json.loads(payload)["cmps"] if payload else ""
        self.told.append((topic, shown, retain))

    def components(self) -> list[tuple[Any, bool]]:
        return [(shown, retain) for topic, shown, retain in self.told if topic == DEVICE]


class Home:
    """Starts of one node, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def node(self, *parts: Part) -> Announcer:
        return Announcer(self.folder, NODE, "Hallway", parts, random.Random(1))

    async def told(self, *parts: Part) -> Broker:
        broker = Broker()
        await self.node(*parts).announce(broker)
        return broker


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


async def test_what_is_gone_is_described_once_more_and_taken_away(home: Home) -> None:
    attic, boiler = part("attic"), part("boiler")
    assert (await home.told(attic, boiler)).components() == [
        ({"attic": attic.described(NODE), "boiler": boiler.described(NODE)}, True)
    ]
    broker = await home.told(boiler)
    assert broker.components() == [
        ({"attic": {"p": "sensor"}, "boiler": boiler.described(NODE)}, True),
        # Not retained: no broker must ever have the one without the other.
        ({"attic": attic.described(NODE)}, False),
        ({"attic": {"p": "sensor"}}, False),
    ]
    cleared = {topic for topic, shown, retain in broker.told if shown == "" and retain}
    assert cleared == {f"{BASE}/sensor/attic/state", f"{BASE}/sensor/attic/availability"}


async def test_until_home_assistant_was_born(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BIRTH_DELAY_S", (0.0, 0.0))
    await home.told(part("attic"), part("boiler"))
    for _ in range(3):
        assert len((await home.told(part("boiler"))).components()) == 3
    node, broker = home.node(part("boiler")), Broker()
    running = asyncio.create_task(node.run(broker))
    node.born()
    await _until(lambda: len(broker.components()) == 3)
    node.born()
    await _until(lambda: len(broker.components()) == 4)
    running.cancel()
    await asyncio.wait({running})
    assert (await home.told(part("boiler"))).components() == [
        ({"boiler": part("boiler").described(NODE)}, True)
    ]


@pytest.mark.parametrize("breaks", range(1, 6))
async def test_a_cut_forgets_no_removal(
    home: Home, breaks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BIRTH_DELAY_S", (0.0, 0.0))
    await home.told(part("attic"), part("boiler"))
    node = home.node(part("boiler"))
    with pytest.raises(BrokerUnavailable):
        await node.announce(Broker(breaks))
    broken = Broker(breaks)
    running = asyncio.create_task(node.run(broken))
    node.born()
    await _until(lambda: len(broken.told) == breaks - 1)
    await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait({running})
    assert ({"attic": {"p": "sensor"}}, False) in (await home.told(part("boiler"))).components()


async def test_what_comes_back_is_gone_no_more(home: Home) -> None:
    await home.told(part("attic"), part("boiler"))
    await home.told(part("boiler"))
    broker = await home.told(part("attic"), part("boiler"))
    assert len(broker.components()) == 1
    assert len((await home.told(part("attic"), part("boiler"))).components()) == 1


async def test_of_one_id_and_another_platform_only_the_old_one_goes(home: Home) -> None:
    await home.told(part("door"))
    broker = await home.told(part("door", "binary_sensor"))
    assert broker.components() == [
        ({"door": part("door", "binary_sensor").described(NODE)}, True),
        ({"door": part("door").described(NODE)}, False),
        ({"door": {"p": "sensor"}}, False),
    ]
    assert [topic for topic, shown, _ in broker.told if shown == ""] == []


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"present": 7}',
        b'{"a": {"p": 1}}',
        b'{"a+": "sensor"}',
        b'{"present": {"a": {"q": "sensor"}}}',
        b'{"gone": [{"id": "a", "described": {}}]}',
        b'{"gone": [{"id": "a", "described": {"p": "sensor", "avty": 3}}]}',
        b'{"gone": [{"id": "a", "described": {"p": "sensor", "avty": [{"u": "x"}]}}]}',
        b'{"gone": [{"id": "a", "described": {"p": "sensor", "stat_t": "herdbook/#"}}]}',
        pytest.param(
            b'{"present": {"a": {"p": "s", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}}",
            id="deep",
        ),
    ],
)
async def test_a_damaged_memory_is_said_and_begun_anew(
    home: Home, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (home.folder / "announced.json").write_bytes(damage)
    assert len((await home.told(part("boiler"))).components()) == 1
    assert "removed sensors may stay in view" in caplog.text
    await home.told(part("attic"))
    assert len((await home.told(part("boiler"))).components()) == 3


async def test_the_memory_does_not_grow_for_ever(home: Home) -> None:
    for start in range(0, 600, 60):
        await home.told(*(part(f"s{number}") for number in range(start, start + 60)))
    assert (home.folder / "announced.json").stat().st_size < 300_000


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
