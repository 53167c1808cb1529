"""A node, its broker and Home Assistant restart in any order: no ghosts, doubles, false values."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.folder import Folder
from demo.waiting import until
from tests.e2e.at_home import PLUG, VALVE, Home, Node, alive, dead, now

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("at home")]

NAMES = ("boiler", "output_plug", "output_valve")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    state: Path = tmp_path_factory.mktemp("home")
    with Folder(state) as folder:
        home = Home(folder)
        try:
            await home.start()
            yield home
        finally:
            await home.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def node(home: Home, tmp_path: Path) -> AsyncIterator[Node]:
    """A node that is shown; what is down in the end is brought up again for the next test."""
    node = Node(home, tmp_path / "node")
    await node.start()
    try:
        await node.is_shown(alive(boiler="50.0", output_plug="off", output_valve="5"))
        yield node
    finally:
        await node.kill()
        if home.broker._process is None:
            home.broker.start()
        if not home.assistant.process.running:
            await home.start_assistant()
        await home.forget(node.node_id)


async def start(home: Home, node: Node, part: str) -> None:
    match part:
        case "broker":
            home.broker.start()
        case "assistant":
            await home.start_assistant()
        case "node":
            await node.start()


# Each of the three comes first, second and last once; two that wait for the broker meet there by
# chance. Where the broker keeps, who comes first finds what the node left when it was killed.
@pytest.mark.parametrize(
    ("order", "keeps"),
    [
        (("broker", "node", "assistant"), False),
        (("assistant", "broker", "node"), False),
        (("node", "assistant", "broker"), False),
        (("broker", "assistant", "node"), True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else f"keeps {value}",
)
async def test_in_any_order(home: Home, node: Node, order: tuple[str, ...], keeps: bool) -> None:
    begun = now()
    await home.hass.act("switch.turn_on", {"entity_id": await entity(home, node, "output_plug")})
    before = await node.is_shown(alive(boiler="50.0", output_plug="on", output_valve="5"))
    # The node is killed: it says no goodbye, and leaves the plug on.
    await node.kill()
    await home.stop_assistant()
    home.stop_broker(keeps=keeps)
    node.reads(61)
    for part in order:
        await start(home, node, part)
    after = await node.is_shown(alive(boiler="61.0", output_plug="off", output_valve="5"))
    assert ids(after) == ids(before)
    assert await home.devices(node.node_id) == ["Hallway"]
    had = await home.history(before["boiler"].entity_id, begun)
    assert set(had) <= {"50.0", "61.0", "unavailable", "unknown"}


async def test_each_alone(home: Home, node: Node) -> None:
    begun = now()
    shown = alive(boiler="50.0", output_plug="off", output_valve="5")
    before = await node.is_shown(shown)
    home.broker.kill()
    await node.is_shown(dead(*NAMES))
    node.reads(51)
    home.broker.start()
    await node.is_shown(shown | {"boiler": "51.0"})
    await node.kill()  # the broker says the last will
    await node.is_shown(dead(*NAMES), seconds=20)
    await home.stop_assistant()
    await home.start_assistant()
    await node.is_shown(dead(*NAMES))
    node.reads(52)
    await node.start()
    await node.is_shown(shown | {"boiler": "52.0"})
    await home.stop_assistant()
    node.reads("garbage")  # until Home Assistant is back, and longer
    await home.start_assistant()
    await node.is_shown(shown | {"boiler": "unavailable"})
    node.reads(53)
    after = await node.is_shown(shown | {"boiler": "53.0"})
    assert ids(after) == ids(before)
    had = await home.history(before["boiler"].entity_id, begun)
    assert set(had) <= {"50.0", "51.0", "52.0", "53.0", "unavailable", "unknown"}


async def test_a_sensor_at_fault_is_unavailable_and_never_a_number(home: Home, node: Node) -> None:
    begun = now()
    node.reads("garbage")
    shown = alive(boiler="unavailable", output_plug="off", output_valve="5")
    before = await node.is_shown(shown)
    node.reads(54)
    await node.is_shown(shown | {"boiler": "54.0"})
    had = await home.history(before["boiler"].entity_id, begun)
    assert set(had) <= {"50.0", "54.0", "unavailable"}


async def test_what_a_frozen_node_said_last_is_not_shown_for_ever(home: Home, node: Node) -> None:
    os.kill(node.process.pid, signal.SIGSTOP)
    try:
        await node.is_shown(dead(*NAMES), seconds=60)
    finally:
        os.kill(node.process.pid, signal.SIGCONT)
    await node.is_shown(alive(boiler="50.0", output_plug="off", output_valve="5"))


async def test_what_is_removed_while_home_assistant_is_off(home: Home, tmp_path: Path) -> None:
    node = Node(home, tmp_path / "node")
    node.write(sensors=("boiler", "attic"))
    await node.start()
    both = alive(boiler="50.0", attic="50.0", output_plug="off", output_valve="5")
    before = await node.is_shown(both)
    await home.stop_assistant()
    await node.stop()
    node.write(outputs=(VALVE,))
    # Twice: what was told while nobody listened is told again.
    await node.start()
    await node.stop()
    await node.start()
    await home.start_assistant()
    fewer = alive(boiler="50.0", output_valve="5")
    after = await node.is_shown(fewer)
    assert ids(after) == {name: one for name, one in ids(before).items() if name in after}
    await home.stop_assistant()
    await home.start_assistant()
    await node.is_shown(fewer)
    # And they may come back.
    await node.stop()
    node.write(sensors=("boiler", "attic"))
    await node.start()
    assert ids(await node.is_shown(both)) == ids(before)
    await node.kill()
    await home.forget(node.node_id)


async def test_what_is_removed_while_the_node_and_the_broker_forget(home: Home, node: Node) -> None:
    """Home Assistant starts at an empty broker: it was told of nothing that it could take away."""
    await node.stop()
    await home.stop_assistant()
    home.stop_broker(keeps=False)
    home.broker.start()
    await home.start_assistant()
    await node.is_shown(dead(*NAMES))
    node.write(outputs=(VALVE,))
    await node.start()
    await node.is_shown(alive(boiler="50.0", output_valve="5"))


async def test_an_output_removed_while_all_run(home: Home, node: Node) -> None:
    await node.stop()
    await node.is_shown(dead(*NAMES))
    node.write(outputs=(PLUG,))
    await node.start()
    await node.is_shown(alive(boiler="50.0", output_plug="off"))


async def test_another_name_is_the_same_device(home: Home, node: Node) -> None:
    before = await node.is_shown(alive(boiler="50.0", output_plug="off", output_valve="5"))
    await node.stop()
    node.write("Staircase")
    await node.start()
    after = await node.is_shown(alive(boiler="50.0", output_plug="off", output_valve="5"))
    assert ids(after) == ids(before)
    assert await home.devices(node.node_id) == ["Staircase"]


async def test_entity_ids_are_those_of_english_whatever_the_language(
    home: Home, tmp_path: Path
) -> None:
    shown = alive(boiler="50.0", output_plug="off", output_valve="5")
    node = Node(home, tmp_path / "node")
    for language, name in (("de", "Jetzt beobachten"), ("fr", "Observer maintenant")):
        node.write("Landing", language=language)
        await node.start()
        after = await node.is_shown(shown)
        assert after["observe"].entity_id == "button.landing_observe_now"
        assert after["waiting_to_sync"].entity_id == "sensor.landing_waiting_to_sync"
        assert after["boiler"].entity_id == "sensor.landing_boiler"
        called = f"Landing {name}"

        async def is_called(called: str = called) -> bool:
            state = await home.hass.state("button.landing_observe_now")
            return state is not None and state["attributes"]["friendly_name"] == called

        await until(is_called, f"it is called {called}", seconds=30)
        await node.stop()
    await home.forget(node.node_id)


async def test_a_switch_and_a_number_show_what_was_set(home: Home, node: Node) -> None:
    shown = alive(boiler="50.0", output_plug="off", output_valve="5")
    valve = await entity(home, node, "output_valve")
    await home.hass.act("switch.turn_on", {"entity_id": await entity(home, node, "output_plug")})
    await home.hass.act("number.set_value", {"entity_id": valve, "value": 21.3})
    await node.is_shown(shown | {"output_plug": "on", "output_valve": "21.5"})
    button = await entity(home, node, "observe")
    await home.hass.act("button.press", {"entity_id": button})
    state = await home.hass.state(button)
    assert state is not None
    assert state["state"] not in {"unknown", "unavailable"}
    assert "understands PRESS" not in node.process.output()


async def entity(home: Home, node: Node, name: str) -> str:
    return (await home.shown(node.node_id))[name].entity_id


def ids(shown: dict[str, tuple[str, str | None]]) -> dict[str, str]:
    return {name: entity_id for name, (entity_id, _) in shown.items()}
