"""Why another machine was not reached, in a sentence with what to do; and when to try again.

Owns words for what sockets, names and TLS report. `section` is the table of the file that says
where the other one is.
"""

import errno
import random
import socket
import ssl
from collections.abc import Iterator
from typing import Final, NamedTuple

_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 60.0
_LEAST_RETRY_S: Final = 0.1

# What OpenSSL calls them (X509_V_ERR_…).
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_SELF_SIGNED: Final = 18
_UNKNOWN_AUTHORITY: Final = {2, 19, 20, 21}
_OTHER_NAME: Final = {62, 64}
# What servers without TLS, with another one, or of nothing but a closed door answer to a greeting.
_NO_TLS: Final = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNEXPECTED_EOF_WHILE_READING",
    "RECORD_LAYER_FAILURE",
}
_WANTS_CERTIFICATE: Final = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
_AGAIN: Final = "It is tried again by itself."


class Reason(NamedTuple):
    """What happened, as the rest of a sentence that begins with who was not reached; what to do."""

    what: str
    fix: str


def reason_of(error: OSError | TimeoutError, section: str) -> Reason:
    """The reason in an error of a connection that was to be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, section)
    if isinstance(error, ssl.SSLError):
        return _of_tls(error, section)
    if isinstance(error, TimeoutError):
        return Reason(
            "it does not answer in time",
            f"Check that the machine is on, and where [{section}] says it is. {_AGAIN}",
        )
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return Reason(
                "names cannot be looked up now", f"Check this machine's network. {_AGAIN}"
            )
        return Reason(
            "no machine is known by that name",
            f"Correct it under [{section}], or write the machine's address there.",
        )
    if isinstance(error, ConnectionRefusedError):
        return Reason(
            "nobody listens there",
            f"Check that it runs, and the port under [{section}]. {_AGAIN}",
        )
    if error.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}:
        return Reason("there is no way to it", f"Check this machine's network. {_AGAIN}")
    return Reason(f"the connection broke: {error.strerror or error}", _AGAIN)


def retry_delays(rng: random.Random) -> Iterator[float]:
    """Seconds to wait before each further try: anything up to 0.5, 1, 2 … 60.

    Anything, for when a house has power again everybody tries at once; but never less than 0.1.
    """
    delay = _FIRST_RETRY_S
    while True:
        yield rng.uniform(_LEAST_RETRY_S, delay)
        delay = min(delay * 2, _LAST_RETRY_S)


def _of_certificate(error: ssl.SSLCertVerificationError, section: str) -> Reason:
    code = error.verify_code
    if code == _EXPIRED:
        return Reason(
            "its certificate has expired",
            "Renew it there. If it has not, this machine's clock is wrong: set that.",
        )
    if code == _NOT_YET_VALID:
        return Reason(
            "its certificate is not valid yet",
            f"This machine's clock is probably wrong. {_AGAIN}",
        )
    if code == _SELF_SIGNED:
        return Reason(
            "its certificate is signed by itself, and not known here",
            f"Copy that certificate here and name the file as “ca” under [{section}].",
        )
    if code in _UNKNOWN_AUTHORITY:
        return Reason(
            "its certificate is of an authority that is not known here",
            f"Name the file with that authority's certificate as “ca” under [{section}].",
        )
    if code in _OTHER_NAME:
        return Reason(
            "its certificate is for another name",
            f"Write the name that is in the certificate under [{section}].",
        )
    return Reason(
        f"its certificate is not to be trusted: {error.verify_message}",
        f"Correct the certificate there, or “ca” under [{section}].",
    )


def _of_tls(error: ssl.SSLError, section: str) -> Reason:
    reason = getattr(error, "reason", None)  # not every one has it
    if reason in _NO_TLS:
        return Reason(
            "what listens there speaks no TLS",
            f"Correct the port under [{section}], or ask for no TLS.",
        )
    if reason == _WANTS_CERTIFICATE:
        return Reason(
            "it wants a certificate of this program, which has none to show",
            "Let it in there by user name and password instead.",
        )
    return Reason(
        f"no TLS can be agreed on: {reason or error}",
        f"Check the other side's TLS, or “ca” under [{section}].",
    )
