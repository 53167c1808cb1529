"""How a connection to a broker ends, or comes to nothing, where aiomqtt has no error of its own.

Reasons are MQTT 5's reason codes.
"""

from typing import Final

import aiomqtt

LOST: Final = "the connection was lost"
"""What an error of aiomqtt's own says where nobody knows more."""


class NeverStood(aiomqtt.MqttError):
    """There was a connection, and no broker let us in on it.

    `first` is what came on it, cut; `broke` the error that ended it, if one did.
    """

    def __init__(self, first: bytes, broke: OSError | None) -> None:
        super().__init__("the connection came to nothing")
        self.first = first
        self.broke = broke


class Ended(aiomqtt.MqttError):
    """The broker ended the connection."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"the broker ended the connection ({reason:#x})")
        self.reason = reason


class Unacknowledged(aiomqtt.MqttError):
    """The broker says nothing to what is published, though the connection stands."""

    def __init__(self) -> None:
        super().__init__("nothing is acknowledged")


class Refused(aiomqtt.MqttError):
    """The broker does not take this message; the connection stands."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"the broker refused a message ({reason:#x})")
        self.reason = reason
