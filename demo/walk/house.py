"""The house reports and notices: discovery, sensors, observations, a broker that goes and comes."""

import asyncio
from typing import Final

from demo.discovery import announced, topic_of
from demo.errors import DemoError
from demo.follow import expecting_observation, observation, reading
from demo.herdbook import SAMPLE_S
from demo.waiting import until
from demo.walk.visit import Visit

_ROOM: Final = ("temperature", "humidity", "co2", "motion", "door")
_VALUELESS: Final = frozenset({None, "unavailable", "unknown"})
_TIMELY_S: Final = 2.0


async def announces_itself_once(visit: Visit) -> str:
    """The Alpaca is on the broker as one retained MQTT device discovery payload."""
    found = await announced(visit.product.broker.port)
    expected = topic_of(visit.product.alpaca.node_id)
    if list(found) != [expected]:
        raise DemoError(f"Expected one discovery payload at {expected}, found {list(found)}.")
    payload = found[expected]
    name, parts = payload["dev"]["name"], len(payload["cmps"])
    return f"one MQTT device payload announces “{name}” with {parts} parts"


async def shows_its_sensors(visit: Visit) -> str:
    """Home Assistant shows this machine's real metrics and the room's."""
    device, hass = visit.product.device, visit.product.hass
    missing = [kind for kind in _ROOM if not device.ending(f"living_room_{kind}")]
    if missing:
        raise DemoError(f"The room has no {' and no '.join(missing)} in Home Assistant.")

    async def all_have_values() -> bool:
        states = {state["entity_id"]: state["state"] for state in await hass.states()}
        return not _VALUELESS & {
            states.get(one)
            for one in device.entities
            # These show when something happened last, and it may not have.
            if not one.startswith(("event.", "button."))
        }

    await until(all_have_values, "every sensor has a value", seconds=30)
    seconds = await reading(visit.product, 61.5)
    return (
        f"“{device.name}” shows {len(device.entities)} entities, all with values; "
        f"a reading took {seconds:.2f} s from its file to Home Assistant"
    )


async def notices(visit: Visit) -> str:
    """A reading out of its usual range reaches Home Assistant as an event within two seconds."""
    seen = await observation(visit.product, 97.0)
    if seen.seconds > _TIMELY_S:
        raise DemoError(f"The observation took {seen.seconds:.2f} s, more than {_TIMELY_S:g}.")
    await reading(visit.product, 60.0)
    return f"“{seen.sentence}” reached Home Assistant {seen.seconds:.2f} s after the sample"


async def survives_a_broken_broker(visit: Visit) -> str:
    """Kill the broker, and everything comes back with it, with what was noticed meanwhile."""
    product = visit.product
    boiler = product.device.ending("_boiler")

    async def is_unavailable() -> bool:
        state = await product.hass.state(boiler)
        return state is not None and state["state"] == "unavailable"

    async with expecting_observation(product, 98.0, within=90) as arrival:
        await product.broker.kill()
        await until(is_unavailable, "the sensors are unavailable without a broker", seconds=30)
        for celsius in (98.0, 60.5):
            product.alpaca.heat_boiler(celsius)
            await asyncio.sleep(2 * SAMPLE_S)
        await product.broker.start()
        late = await arrival()
    await until(product.has_fresh_reading, "fresh readings arrive again", seconds=60)
    return (
        "broker killed and started again: sensors came back by themselves, and what was noticed "
        f"meanwhile arrived, {late.seconds:.1f} s after its sample"
    )
