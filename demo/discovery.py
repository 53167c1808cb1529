"""What a broker keeps of MQTT discovery. Owns reading the retained payloads."""

import asyncio
import json
from typing import Any, Final

import aiomqtt

_LAST_ONE_S: Final = 1.0


async def announced(broker_port: int) -> dict[str, dict[str, Any]]:
    """Every retained discovery payload, by its topic."""
    found: dict[str, dict[str, Any]] = {}
    async with aiomqtt.Client("127.0.0.1", broker_port) as client:
        await client.subscribe("homeassistant/#")
        try:
            async with asyncio.timeout(_LAST_ONE_S):
                async for message in client.messages:
                    if message.topic.value.endswith("/config") and message.retain:
                        found[message.topic.value] = json.loads(bytes(message.payload))
        except TimeoutError:
            pass  # retained messages come at once: that was all of them
    return found


def topic_of(node_id: str) -> str:
    """The topic of a node's device payload."""
    return f"homeassistant/device/herdbook_{node_id}/config"
