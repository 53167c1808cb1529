"""Following one value from the sensor's file to Home Assistant. Owns what is waited for."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.errors import DemoError
from demo.product import Product

type State = dict[str, Any]


@dataclass(frozen=True)
class Noticed:
    """An observation in Home Assistant; `seconds` from the sensor's sample to its state there."""

    sentence: str
    seconds: float


async def reading(product: Product, celsius: float, *, within: float = 10) -> float:
    """Give the boiler another temperature; the seconds until Home Assistant shows it."""

    def shows_it(state: State) -> bool:
        return bool(state["state"] == f"{celsius:.1f}")

    entity = product.device.ending("_boiler")
    async with expecting(product, entity, shows_it, within=within) as arrival:
        start = time.time()
        product.alpaca.heat_boiler(celsius)
        return _updated(await arrival()) - start


async def observation(product: Product, celsius: float, *, within: float = 10) -> Noticed:
    """Give the boiler an unusual temperature and wait until Home Assistant hears of it."""
    async with expecting_observation(product, celsius, within=within) as arrival:
        product.alpaca.heat_boiler(celsius)
        return await arrival()


@asynccontextmanager
async def expecting_observation(
    product: Product, celsius: float, *, within: float
) -> AsyncIterator[Callable[[], Awaitable[Noticed]]]:
    """Listen for the observation of one temperature of the boiler, before it is made."""

    def is_it(state: State) -> bool:
        attributes = state["attributes"]
        return bool(attributes.get("sensor") == "boiler" and attributes.get("value") == celsius)

    async with expecting(product, product.device.of("event")[0], is_it, within=within) as arrival:

        async def noticed() -> Noticed:
            state = await arrival()
            sampled = datetime.fromisoformat(state["attributes"]["observed_at"])
            return Noticed(state["attributes"]["sentence"], _updated(state) - sampled.timestamp())

        yield noticed


@asynccontextmanager
async def expecting(
    product: Product, entity_id: str, wanted: Callable[[State], bool], *, within: float
) -> AsyncIterator[Callable[[], Awaitable[State]]]:
    """Listen to an entity; the yielded function waits for the first state that is `wanted`.

    It raises `DemoError` when none comes `within` so many seconds.
    """
    async with product.hass.events("state_changed") as events:

        async def arrival() -> State:
            try:
                async with asyncio.timeout(within):
                    while True:
                        data = (await events.get())["data"]
                        state: State | None = data["new_state"]
                        if data["entity_id"] == entity_id and state and wanted(state):
                            return state
            except TimeoutError:
                raise DemoError(
                    f"Home Assistant's {entity_id} did not follow within {within:g} seconds.",
                    fix=f"See the logs in {product.folder.path / 'logs'}.",
                ) from None

        yield arrival


def _updated(state: State) -> float:
    return datetime.fromisoformat(state["last_updated"]).timestamp()
