"""How an event looks on a terminal, and as JSON. What others wrote is shown, never obeyed."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from herdbook.cli.plain import plain
from herdbook.clock import iso
from herdbook.errors import InputError
from herdbook.eventlog.event import (
    CLOCK,
    LOSS,
    OBSERVATION,
    OUTPUT,
    READINGS,
    THOUGHT,
    WORDING,
    Event,
    LossPayload,
    ObservationPayload,
    OutputPayload,
    ThoughtPayload,
    WordingPayload,
    decode_payload,
)
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.timeline import ClockPayload, Moment

_LONGEST: Final = 300
_OF_FACTS: Final = ("memory", "retraction", "review")


class _Fact(Struct):
    """What is shown of a fact, of its end, and of what a person thinks of it."""

    subject: str
    aspect: str
    sentence: str = ""
    verdict: str | None = None


def line_of(event: Event, moment: Moment) -> str:
    """Number, local time, kind and content; ``~`` where nobody knows the time."""
    time = datetime.fromtimestamp(moment.wall_ms / 1000).astimezone()
    about = " " if moment.known else "~"
    text = f"{event.seq:>8} {about}{time:%Y-%m-%d %H:%M:%S}  {event.kind:<11}  {_content(event)}"
    return plain(text)


def object_of(event: Event, moment: Moment) -> dict[str, Any]:
    """The event as one JSON object; ``payload`` is null where JSON cannot hold it.

    ``time`` is the corrected one, and ``about`` says that nobody knows it.
    """
    shown: dict[str, Any] = {
        **msgspec.structs.asdict(event),
        "time": iso(moment.wall_ms),
        "about": not moment.known,
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
        if event.kind == CLOCK:
            decode_payload(event, ClockPayload)
            return "the time is known; earlier events of this boot follow from it"
        if event.kind == LOSS:
            loss = decode_payload(event, LossPayload)
            return f"events {loss.first_seq} to {loss.last_seq} were lost to damage"
        if event.kind == THOUGHT:
            thought = decode_payload(event, ThoughtPayload)
            return f"{thought.tool}: {thought.said or thought.came}"[:_LONGEST]
        if event.kind == WORDING:
            wording = decode_payload(event, WordingPayload)
            return f"of {wording.seq}: {wording.sentence}"[:_LONGEST]
        if event.kind in _OF_FACTS:
            return _fact(event.kind, decode_payload(event, _Fact))[:_LONGEST]
        if event.kind == OUTPUT:
            return _output(decode_payload(event, OutputPayload))
    except InputError:
        return f"not what this kind holds: {len(event.payload)} bytes"
    return f"{len(event.payload)} bytes"


def _fact(kind: str, fact: _Fact) -> str:
    if kind == "memory":
        return fact.sentence
    about = f"{fact.subject}, {fact.aspect}"
    if kind == "retraction":
        return f"{about}: not told any more"
    return f"{about}: {fact.verdict or 'not judged any more'}"


def _output(output: OutputPayload) -> str:
    value = ("off", "on")[output.value] if isinstance(output.value, bool) else f"{output.value:g}"
    why = "the connection was lost" if output.why == "connection_lost" else "it was long enough"
    return f"{output.name} went back to {value}: {why}"


def _readings(block: ReadingsPayload) -> str:
    values = [value for _, value in block.samples()]
    count = f"{len(values)} sample{'s' if len(values) > 1 else ''}"
    if block.decimals is None:
        return f"{block.sensor}: {count}, {sum(values)} of them yes"
    low, high = (f"{value:.{block.decimals}f}" for value in (min(values), max(values)))
    span = low if low == high else f"{low} to {high}"
    return f"{block.sensor}: {count}, {span} {block.unit or ''}".rstrip()
