"""The herd's MQTT topics, and its paths over HTTP. Owns names; imports nothing that connects."""

import re
from typing import Final, Literal, NamedTuple

NODE_ID: Final = "[a-z2-7]{26}"
ALL_NODES: Final = tuple(
    f"herdbook/v1/node/+/{part}" for part in ("hello", "log", "ask", "availability")
)
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
HTTP_HEADER: Final = "Herdbook"
"""What tells a Llama's answer from a proxy's."""

type Part = Literal["hello", "log", "ask", "availability"]
_NODE_TOPIC: Final = re.compile(f"herdbook/v1/node/({NODE_ID})/(hello|log|ask|availability)")


class NodeTopic(NamedTuple):
    """What a node publishes on."""

    node_id: str
    part: Part


def hello(node_id: str) -> str:
    """Retained: who the node is, signed."""
    return f"herdbook/v1/node/{node_id}/hello"


def log(node_id: str) -> str:
    """Batches, QoS 1, not retained."""
    return f"herdbook/v1/node/{node_id}/log"


def ask(node_id: str) -> str:
    """QoS 1, not retained: what a node wants to know of its neighbours, signed."""
    return f"herdbook/v1/node/{node_id}/ask"


def availability(node_id: str) -> str:
    """Retained: ``online`` or ``offline``."""
    return f"herdbook/v1/node/{node_id}/availability"


def have(node_id: str) -> str:
    """Retained: what the Llama durably has of the node, signed by the Llama."""
    return f"herdbook/v1/llama/{node_id}/have"


def neighbours(node_id: str) -> str:
    """QoS 1, not retained: the Llama's answer to the node's latest ask, signed."""
    return f"herdbook/v1/llama/{node_id}/neighbours"


def path(topic: str) -> str:
    """Where over HTTP that is posted which a node says on a topic."""
    return f"/{topic}"


def parse(topic: str) -> NodeTopic | None:
    """What a topic of a node stands for; None for any other topic."""
    match = _NODE_TOPIC.fullmatch(topic)
    if match is None:
        return None
    return NodeTopic(match[1], match[2])  # type: ignore[arg-type] # the pattern allows no other
