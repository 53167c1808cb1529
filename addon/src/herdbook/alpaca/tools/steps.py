"""The steps a model can take, as structs: what a step is called, and what belongs to it.

Also the schemas that engines are held to. A step that may not be taken is not in the schema, so
that most models never try; that they could not is decided elsewhere.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

type Id = Annotated[str, Meta(min_length=1, max_length=64)]
type Words = Annotated[str, Meta(min_length=1, max_length=200)]


class _Step(Struct, frozen=True, forbid_unknown_fields=True, tag_field="tool"):
    """Its name is the member `tool`."""


class ListSources(_Step, frozen=True, tag="list_sources"):
    """All that is measured, with what it shows."""


class ReadSource(_Step, frozen=True, tag="read_source"):
    """What one of them shows."""

    source: Id


class GetReadingHistory(_Step, frozen=True, tag="get_reading_history"):
    """What one of them showed in the last hours."""

    source: Id
    hours: Annotated[int, Meta(ge=1, le=168)]


class Recall(_Step, frozen=True, tag="recall"):
    """What the node noticed and remembers of something."""

    words: Words


class Remember(_Step, frozen=True, tag="remember"):
    """Propose a fact, for people to judge."""

    subject: Id
    aspect: Id
    value: Words
    sentence: Annotated[str, Meta(min_length=1, max_length=300)]


class Observe(_Step, frozen=True, tag="observe"):
    """Read everything now, and note what is seen."""


class ListOutputs(_Step, frozen=True, tag="list_outputs"):
    """What can be set, and what it is now."""


class GetRecentMessages(_Step, frozen=True, tag="get_recent_messages"):
    """What came by MQTT lately: anybody may have written it."""


class WriteOutput(_Step, frozen=True, tag="write_output"):
    """Set an output."""

    output: Id
    value: bool | Annotated[float, Meta(ge=-1e9, le=1e9)]


class Publish(_Step, frozen=True, tag="publish"):
    """Publish a text."""

    topic: Words
    text: Words


class Answer(_Step, frozen=True, tag="answer"):
    """The end: what to say to who asked."""

    text: Annotated[str, Meta(min_length=1, max_length=600)]


type Look = (
    ListSources
    | ReadSource
    | GetReadingHistory
    | Recall
    | Remember
    | Observe
    | ListOutputs
    | GetRecentMessages
    | Answer
)
type Act = WriteOutput | Publish
type Step = Look | Act

# As msgspec takes them: of what is only an alias it makes a schema by name.
LOOKING: Final[Any] = Look.__value__
ALL: Final[Any] = Look.__value__ | Act.__value__
LAST: Final[Any] = Answer


def name_of(step: _Step) -> str:
    """What a step is called."""
    return str(type(step).__struct_config__.tag)
