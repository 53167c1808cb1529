"""What a node left at the broker for Home Assistant and for us: how it is cleaned away.

The topics are the Alpaca's (`herdbook.alpaca.discovery`), which the Llama must not import.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from herdbook.eventlog import topics

_WAITING: Final = "waiting_to_sync"
# What an Alpaca calls a measurement. A hostile name could reach other topics.
_MEASUREMENT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def retained_topics(node_id: str, sensors: Iterable[str]) -> Iterator[str]:
    """Every topic on which something of a node with these sensors is retained."""
    yield f"homeassistant/device/herdbook_{node_id}/config"
    for sensor in sorted({_WAITING, *sensors}):
        if _MEASUREMENT.fullmatch(sensor):
            yield f"herdbook/v1/node/{node_id}/sensor/{sensor}/state"
            yield f"herdbook/v1/node/{node_id}/sensor/{sensor}/availability"
    yield topics.availability(node_id)
    yield topics.hello(node_id)
    yield topics.have(node_id)
