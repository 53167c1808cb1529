"""What a node has left, retained, at the broker, whatever its release called it.

Owns one short connection that only looks. Brokers send what is retained in answer to the
subscription, before what is published later: a message of its own tells it that it has seen all.
"""

import asyncio
import secrets
from typing import Final

from herdbook.broker import Broker, BrokerSettings
from herdbook.errors import BrokerUnavailable

_PATIENCE_S: Final = 10.0
_MOST_TOPICS: Final = 4096


async def left_behind(settings: BrokerSettings, node_id: str) -> set[str]:
    """The node's own topics on which something is retained; of a flood the first 4,096.

    Raises `BrokerUnavailable`.
    """
    mark = f"herdbook/v1/node/{node_id}/swept"
    nonce = secrets.token_bytes(16)
    found: set[str] = set()
    done = asyncio.Event()

    async def say(broker: Broker) -> None:
        await broker.publish(mark, nonce)

    async def see(topic: str, payload: bytes, retained: bool) -> None:
        if retained and payload:
            found.add(topic)
        if (topic, payload) == (mark, nonce) or len(found) >= _MOST_TOPICS:
            done.set()

    broker = Broker(
        settings,
        client_id=f"herdbook-sweep-{secrets.token_hex(8)}",
        subscriptions=[f"herdbook/v1/node/{node_id}/#"],
        on_connect=say,
        on_message=see,
    )
    looking = asyncio.create_task(broker.run())
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await done.wait()
    except TimeoutError:
        raise BrokerUnavailable(
            "The broker does not tell what a node left there.",
            fix="Check that it runs, and that Herdbook may read herdbook/#; then try again.",
        ) from None
    finally:
        looking.cancel()
        await asyncio.wait({looking})
    return found
