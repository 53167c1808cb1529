"""Why a broker was not reached or lets nobody in, in a sentence with what to do."""

from typing import Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from herdbook.broker.settings import BrokerSettings
from herdbook.errors import BrokerUnavailable
from herdbook.unreachable import Reason, reason_of

# How aiomqtt and MQTT 5 say it; some brokers say the second to a wrong password, too.
_TIMED_OUT: Final = "Operation timed out"
_ENDED: Final = "Disconnected during message iteration"
_WRONG_SECRET: Final = {"Bad user name or password", "Not authorized"}


def where_of(settings: BrokerSettings) -> str:
    """Its host and port."""
    return f"{settings.host}:{settings.port}"


def unavailable(settings: BrokerSettings, error: aiomqtt.MqttError) -> BrokerUnavailable:
    """What to raise for an error of aiomqtt."""
    what, fix = _reason(settings, error)
    return BrokerUnavailable(f"No MQTT broker at {where_of(settings)}: {what}.", fix=fix)


def _reason(settings: BrokerSettings, error: aiomqtt.MqttError) -> Reason:
    if isinstance(error, MqttConnectError):
        if str(error.rc) in _WRONG_SECRET:
            if settings.username is None:
                return Reason(
                    "it lets nobody in without a user name and password",
                    "Give “username” and “password” under [broker].",
                )
            return Reason(
                "it refuses this user name or password",
                "Correct “username” and “password” under [broker].",
            )
        return Reason(f"it refuses the connection: {error}", "Check the broker's own log.")
    cause = error.__context__  # aiomqtt hides what it was, but Python remembers
    if settings.tls and isinstance(cause, ConnectionResetError):
        return Reason(
            "what listens there speaks no TLS", "Correct the port under [broker], or “tls”."
        )
    if str(error) == _TIMED_OUT or isinstance(cause, TimeoutError):
        reason = reason_of(TimeoutError(), "broker")
        hint = "" if settings.tls else " If it speaks TLS there, set “tls = true”."
        return Reason(reason.what, reason.fix + hint)
    if isinstance(cause, OSError):
        return reason_of(cause, "broker")
    return Reason(
        "the connection was lost" if str(error) == _ENDED else f"the connection broke: {error}",
        "Check that it runs and that [broker] names it; it is tried again by itself.",
    )
