"""How an event looks on a terminal, and as JSON. What others wrote is shown, never obeyed."""

from datetime import datetime
from typing import Any, Final

import msgspec

from herdbook.clock import iso
from herdbook.errors import InputError
from herdbook.eventlog.event import (
    OBSERVATION,
    READINGS,
    Event,
    ObservationPayload,
    decode_payload,
)
from herdbook.eventlog.readings import ReadingsPayload

_LONGEST: Final = 300


def line_of(event: Event) -> str:
    """Number, local time, kind and content; ``~`` where the clock was not synchronised."""
    time = datetime.fromtimestamp(event.wall_ms / 1000).astimezone()
    about = " " if event.clock_quality == "synced" else "~"
    text = f"{event.seq:>8} {about}{time:%Y-%m-%d %H:%M:%S}  {event.kind:<11}  {_content(event)}"
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def object_of(event: Event) -> dict[str, Any]:
    """The event as one JSON object; ``payload`` is null where JSON cannot hold it."""
    shown: dict[str, Any] = {
        **msgspec.structs.asdict(event),
        "time": iso(event.wall_ms),
        "payload": None,
    }
    try:
        payload = msgspec.msgpack.decode(event.payload)
        msgspec.json.encode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, RecursionError):
        return {**shown, "payload_hex": bytes(event.payload).hex()}
    return {**shown, "payload": payload}


def _content(event: Event) -> str:
    try:
        if event.kind == OBSERVATION:
            return decode_payload(event, ObservationPayload).sentence[:_LONGEST]
        if event.kind == READINGS:
            return _readings(decode_payload(event, ReadingsPayload))
    except InputError:
        return f"not what this kind holds: {len(event.payload)} bytes"
    return f"{len(event.payload)} bytes"


def _readings(block: ReadingsPayload) -> str:
    values = [value for _, value in block.samples()]
    count = f"{len(values)} sample{'s' if len(values) > 1 else ''}"
    if block.decimals is None:
        return f"{block.sensor}: {count}, {sum(values)} of them yes"
    low, high = (f"{value:.{block.decimals}f}" for value in (min(values), max(values)))
    span = low if low == high else f"{low} to {high}"
    return f"{block.sensor}: {count}, {span} {block.unit or ''}".rstrip()
