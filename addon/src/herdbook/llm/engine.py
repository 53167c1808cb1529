"""What an engine is: a prompt and a schema in, the text of a JSON document out."""

from typing import Any, Protocol

from msgspec import Struct

type Schema = dict[str, Any]


class Turn(Struct, frozen=True):
    """One turn of a conversation, as engines have it: who speaks, and what."""

    role: str
    content: str


class Engine(Protocol):
    """One inference server. It is asked one thing at a time; being cancelled ends the question."""

    async def complete(self, turns: list[Turn], schema: Schema, most_tokens: int) -> str:
        """What the model writes. It was told to keep to the schema; whether it did is unknown.

        Raises `ModelDown` when the server does not answer, and `ModelRefused` when it answers that
        it will not.
        """

    async def is_loaded(self) -> bool:
        """Whether its memory is taken already, so that asking takes little more. Never raises."""

    async def close(self) -> None:
        """Let go of what is open. Safe to repeat."""
