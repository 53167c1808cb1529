"""The Llama's API for Python programs, as `docs/api.md` describes it.

Owns the wire: what crosses the WebSocket and how it fails. Uses aiohttp and the standard library;
never imports homeassistant, nor the herdbook package.
"""

from .backoff import Backoff
from .connection import Connection, LlamaClient
from .errors import (
    CannotConnect,
    CommandFailed,
    ConnectionLost,
    InboxFull,
    InvalidAuth,
    InvalidDay,
    InvalidInput,
    InvalidUrl,
    LlamaError,
    MalformedMessage,
    StorageFailed,
    TextTooLong,
    Unanswered,
    UnknownNode,
    UnknownPerson,
    UnsupportedSchema,
)
from .model import Hello, Node, NodeGone, Observation, Person, Snapshot, Today
from .recalled import Memory, Recalled, Sensor

__all__ = [
    "Backoff",
    "CannotConnect",
    "CommandFailed",
    "Connection",
    "ConnectionLost",
    "Hello",
    "InboxFull",
    "InvalidAuth",
    "InvalidDay",
    "InvalidInput",
    "InvalidUrl",
    "LlamaClient",
    "LlamaError",
    "MalformedMessage",
    "Memory",
    "Node",
    "NodeGone",
    "Observation",
    "Person",
    "Recalled",
    "Sensor",
    "Snapshot",
    "StorageFailed",
    "TextTooLong",
    "Today",
    "Unanswered",
    "UnknownNode",
    "UnknownPerson",
    "UnsupportedSchema",
]
