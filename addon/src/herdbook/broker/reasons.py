"""What a broker means by MQTT 5's reason codes, in a sentence with what to do."""

from typing import Final

from herdbook.unreachable import Reason

FAILURE: Final = 0x80
"""From here on they are of failures."""
NO_MQTT_5: Final = 0x84
BAD_SECRET: Final = 0x86
NOT_ALLOWED: Final = 0x87
TOO_LARGE: Final = 0x95
_BAD_ID: Final = 0x85
_AWAY: Final = 0x88
_AGAIN: Final = "It is tried again by itself."
_LOG: Final = "Check the broker's own log."

OF_MQTT_3: Final = {1: NO_MQTT_5, 2: _BAD_ID, 3: _AWAY, 4: BAD_SECRET, 5: NOT_ALLOWED}
"""How MQTT 3.1.1 numbers some of them."""

_REASONS: Final = {
    0x00: Reason("it ended the connection", f"{_LOG} {_AGAIN}"),
    NO_MQTT_5: Reason(
        "it does not speak MQTT 5", "Update the broker, or let it speak MQTT 5, too."
    ),
    _BAD_ID: Reason(
        "it does not take this program's client id",
        "Let the broker take ids that begin with “herdbook-”.",
    ),
    NOT_ALLOWED: Reason("it does not allow this program that", "Check the broker's access list."),
    _AWAY: Reason("it says that it is not available now", _AGAIN),
    0x89: Reason("it is busy", _AGAIN),
    0x8A: Reason("it has banned this program", f"Lift that there. {_LOG}"),
    0x8B: Reason("it was shut down", _AGAIN),
    0x8C: Reason(
        "it wants another way of signing in",
        "Let the broker take a user name and a password.",
    ),
    0x8D: Reason(
        "it did not hear this program for too long", f"Check this machine's network. {_AGAIN}"
    ),
    0x8E: Reason(
        "another program has signed in there with the same identity",
        "Stop that one: two must not run from copies of one data folder.",
    ),
    0x93: Reason("it takes fewer messages at once than it said", _LOG),
    TOO_LARGE: Reason(
        "it does not take messages of this size",
        "Let the broker take 327680 bytes (mosquitto: “message_size_limit”, “max_packet_size”).",
    ),
    0x96: Reason("it takes fewer messages in such a time", "Raise that limit at the broker."),
    0x97: Reason("a quota there is used up", "Raise it at the broker."),
    0x98: Reason("somebody ended the connection there", _AGAIN),
    0x9A: Reason(
        "it does not keep messages", "Let the broker retain messages (“retain_available true”)."
    ),
    0x9B: Reason("it does not acknowledge messages", "Let the broker take QoS 1."),
    0x9C: Reason("it wants another broker to be used", "Write that one's address under [broker]."),
    0x9D: Reason("it has moved", "Write its new address under [broker]."),
    0x9F: Reason("it takes fewer connections in such a time", _AGAIN),
    0xA0: Reason("it lets no connection last longer", _AGAIN),
}


def meaning(code: int) -> Reason:
    """What the broker says by it, as the rest of a sentence that begins with the broker."""
    return _REASONS.get(code) or Reason(f"it refuses, by MQTT's reason {code:#x}", _LOG)
