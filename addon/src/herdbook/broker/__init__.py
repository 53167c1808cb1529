"""The MQTT broker: connecting to it, staying connected, and saying why not. Imports leaves only."""

from herdbook.broker.client import Broker, Message, reach
from herdbook.broker.connection import MAX_PACKET, MAX_UNHANDLED, Will
from herdbook.broker.settings import BrokerSettings

__all__ = [
    "MAX_PACKET",
    "MAX_UNHANDLED",
    "Broker",
    "BrokerSettings",
    "Message",
    "Will",
    "reach",
]
