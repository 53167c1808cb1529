"""How Alpacas reach a Llama. Only data."""

from typing import Literal

from msgspec import Struct


class Ways(Struct, frozen=True):
    """By a broker, unless there is ``none``, and by HTTP or not."""

    broker: Literal["none", "away", "connected"]
    http: bool
