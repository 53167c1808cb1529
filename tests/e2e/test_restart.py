"""What a household does without thinking: parts stop, start and move, and nothing is lost."""

import socket
from typing import Any

import pytest

from demo.follow import expecting_observation, observation
from demo.hass_api import HassApi
from demo.narrator import Narrator
from demo.product import Product
from demo.waiting import until
from demo.walk.person import creates_a_vault, writes
from demo.walk.visit import Visit, visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("product")]


async def inventory(hass: HassApi) -> dict[str, list[str]]:
    """Everything Home Assistant has that a restart could double or lose."""
    entities = await hass.command("config/entity_registry/list")
    devices = await hass.command("config/device_registry/list")
    entries = await hass.command("config_entries/get")
    return {
        "entities": sorted(f"{one['entity_id']} {one['unique_id']}" for one in entities),
        "devices": sorted(one["name"] for one in devices),
        "entries": sorted(one["domain"] for one in entries),
    }


async def event_state(product: Product) -> str:
    state: dict[str, Any] | None = await product.hass.state(product.device.of("event")[0])
    return state["state"] if state else "missing"


async def test_llama_stops_and_starts(product: Product) -> None:
    async def is_unavailable() -> bool:
        return await event_state(product) == "unavailable"

    async with expecting_observation(product, 96.0, within=60) as arrival:
        await product.llama.stop()
        await until(is_unavailable, "the event entity is unavailable", seconds=20)
        product.alpaca.heat_boiler(96.0)
        await product.llama.start()
        late = await arrival()
    assert "96" in late.sentence
    await until(product.has_fresh_reading, "all is available again", seconds=20)


async def test_alpaca_is_killed_and_starts(product: Product) -> None:
    before = await inventory(product.hass)
    node_id = product.alpaca.node_id
    await product.alpaca.process.kill()
    product.alpaca.heat_boiler(51.0)
    await product.alpaca.start()
    assert product.alpaca.node_id == node_id
    await until(product.has_fresh_reading, "readings arrive again", seconds=30)
    seen = await observation(product, 95.0, within=30)
    assert "95" in seen.sentence
    assert await inventory(product.hass) == before


async def test_home_assistant_restarts(product: Product) -> None:
    before = await inventory(product.hass)
    first = product.home.process.pid
    await product.hass.act("homeassistant.restart", {})

    async def is_another() -> bool:
        return product.home.process.pid != first

    await until(is_another, "Home Assistant has been started again", seconds=60)
    product.alpaca.heat_boiler(52.0)
    await product.usable()
    assert await inventory(product.hass) == before
    seen = await observation(product, 94.0)
    assert "94" in seen.sentence


async def test_second_start_keeps_everything(
    product: Product, walk: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    await creates_a_vault(walk)
    await writes(walk)
    before = await inventory(product.hass)
    await walk.browser.close()
    await product.stop()
    capsys.readouterr()
    with socket.create_server(("127.0.0.1", product.broker.port)):
        async with Product(product.folder, Narrator()) as second:
            assert second.broker.port != product.broker.port
            assert f"Port {product.broker.port} (broker) is taken" in capsys.readouterr().out
            assert second.alpaca.node_id == product.alpaca.node_id
            assert await inventory(second.hass) == before
            seen = await observation(second, 93.0)
            assert "93" in seen.sentence
            async with visit(second) as again:
                again.password, again.written = walk.password, walk.written
                await again.enter()
