"""Why a broker was not reached or lets nobody in, in a sentence with what to do."""

import re
import ssl
from typing import Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from herdbook.broker.endings import LOST, Ended, NeverStood, Refused, Unacknowledged
from herdbook.broker.reasons import BAD_SECRET, NO_MQTT_5, NOT_ALLOWED, OF_MQTT_3, meaning
from herdbook.broker.settings import BrokerSettings
from herdbook.errors import BrokerRefused, BrokerUnavailable
from herdbook.unreachable import Reason, reason_of

_LOST: Final = {"Disconnected during message iteration", LOST}
_TIMED_OUT: Final = "Operation timed out"
_CONNACK: Final = 0x20
_CODE_AT: Final = 3  # the place of its reason code
_TLS: Final = re.compile(rb"[\x15\x16]\x03")
_SAYS: Final = re.compile(rb"[!-~][ -~]{3,39}")
_WHERE: Final = "Correct “host” and “port” under [broker]."


def where_of(settings: BrokerSettings) -> str:
    """Its host and port."""
    return f"{settings.host}:{settings.port}"


def unavailable(settings: BrokerSettings, error: aiomqtt.MqttError) -> BrokerUnavailable:
    """What to raise for an error of aiomqtt."""
    what, fix = _reason(settings, error)
    return BrokerUnavailable(f"No MQTT broker at {where_of(settings)}: {what}.", fix=fix)


def refused(settings: BrokerSettings, topic: str, error: Refused) -> BrokerRefused:
    """What to raise for a message that the broker does not take."""
    what, fix = meaning(error.reason)
    if error.reason == NOT_ALLOWED:
        what, fix = "this user may not", "Let it write there, in the broker's access list."
    return BrokerRefused(
        f"The MQTT broker at {where_of(settings)} does not take what is published on {topic}:"
        f" {what}.",
        fix=fix,
    )


def _reason(settings: BrokerSettings, error: aiomqtt.MqttError) -> Reason:
    if isinstance(error, MqttConnectError):
        return _of_code(settings, error.rc.value if isinstance(error.rc, ReasonCode) else 0)
    if isinstance(error, NeverStood):
        return _of_beginning(settings, error)
    cause = error.__cause__ or error.__context__  # aiomqtt hides it, but Python remembers
    for one in (error, cause):
        if isinstance(one, Ended):
            return meaning(one.reason)
        if isinstance(one, Unacknowledged):
            return Reason(
                "it does not acknowledge what is published",
                "Check the broker's machine, its disk and its log. It is tried again by itself.",
            )
    if settings.tls and isinstance(cause, ConnectionResetError):
        return Reason(
            "what listens there speaks no TLS", "Correct the port under [broker], or “tls”."
        )
    if str(error) == _TIMED_OUT or isinstance(cause, TimeoutError):
        return reason_of(TimeoutError(), "broker")
    if isinstance(cause, OSError):
        return reason_of(cause, "broker")
    return Reason(
        LOST if str(error) in _LOST else f"the connection broke: {error}",
        "Check that it runs and that [broker] names it; it is tried again by itself.",
    )


def _of_code(settings: BrokerSettings, code: int) -> Reason:
    """Why it lets nobody in."""
    if code not in {BAD_SECRET, NOT_ALLOWED}:  # some brokers say the second to a wrong password
        return meaning(code)
    if settings.username is None:
        return Reason(
            "it lets nobody in without a user name and password",
            "Give “username” and “password” under [broker].",
        )
    return Reason(
        "it refuses this user name or password",
        "Correct “username” and “password” under [broker].",
    )


def _of_beginning(settings: BrokerSettings, error: NeverStood) -> Reason:
    """What answers where a broker should."""
    first = error.first
    hint = "" if settings.tls else " If it speaks TLS there, set “tls = true”."
    if isinstance(error.broke, ssl.SSLError):
        return reason_of(error.broke, "broker")
    if isinstance(error.broke, TimeoutError):
        what = "it takes the connection, and says nothing to it"
        return Reason(what, f"Check the broker there, and the port under [broker].{hint}")
    if not first:
        what = "it ends the connection without a word"
        return Reason(what, f"Check the broker's own log, and the port under [broker].{hint}")
    if _TLS.match(first):
        return Reason("it speaks TLS", "Set “tls = true” under [broker].")
    if first[0] == _CONNACK and len(first) > _CODE_AT:
        code = first[_CODE_AT]
        return _of_code(settings, OF_MQTT_3.get(code, code) or NO_MQTT_5)
    if first.startswith(b"HTTP/"):
        return Reason("what listens there is no MQTT broker: it answers HTTP", _WHERE)
    if words := _SAYS.match(first):
        says = words[0].decode("ascii").strip()
        return Reason(f"what listens there is no MQTT broker: it says “{says}”", _WHERE)
    return Reason("what listens there is no MQTT broker", _WHERE)
