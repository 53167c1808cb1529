"""What can go wrong between this client and a Llama.

Owns the exception tree and the way back from the API's error codes; imports nothing of the client.
No message ever holds the text of an entry.

    LlamaError
    ├── InvalidUrl            the address cannot be one of a Llama
    ├── CannotConnect         nobody answers there, or not as a Llama does
    │   ├── ConnectionLost    the socket closed
    │   └── Unanswered        a command was sent and no answer came: it may have been carried out
    ├── InvalidAuth           the token is wrong
    ├── UnsupportedSchema     this client and the Llama share no schema
    ├── MalformedMessage      the Llama sent something that docs/api.md does not allow
    └── CommandFailed         the Llama answered with an error; `code` is the API's
        ├── InvalidInput      invalid_input
        │   ├── InvalidDay    invalid_day
        │   └── TextTooLong   text_too_long
        ├── UnknownPerson     unknown_person
        ├── InboxFull         inbox_full
        ├── UnknownNode       unknown_node
        └── StorageFailed     storage_failed
"""

from typing import ClassVar, Final


class LlamaError(Exception):
    """Root of the tree."""


class InvalidUrl(LlamaError):
    """Not an address of the form ``http://host:port``."""


class CannotConnect(LlamaError):
    """Nobody answers at the address, or not as a Llama does."""


class ConnectionLost(CannotConnect):
    """The socket closed while it was needed."""


class Unanswered(CannotConnect):
    """A command was sent, and no answer came: it may or may not have been carried out."""


class InvalidAuth(LlamaError):
    """The Llama does not accept the token."""


class UnsupportedSchema(LlamaError):
    """This client and the Llama share no schema: one of them is too old."""


class MalformedMessage(LlamaError):
    """The Llama sent something that the API does not allow."""


class CommandFailed(LlamaError):
    """The Llama answered a command with an error."""

    code: ClassVar[str] = ""

    def __init__(self, message: str, *, code: str | None = None, fix: str = "") -> None:
        """Take the API's `message` and `fix`; `code` where the class has none of its own."""
        super().__init__(f"{message} {fix}".rstrip())
        self.reason: Final = self.code if code is None else code


class InvalidInput(CommandFailed):
    """A value that cannot be used."""

    code = "invalid_input"


class InvalidDay(InvalidInput):
    """Not a date of the calendar."""

    code = "invalid_day"


class TextTooLong(InvalidInput):
    """More text than one entry, or one message, holds."""

    code = "text_too_long"


class UnknownPerson(CommandFailed):
    """Nobody of that id or name has a vault there."""

    code = "unknown_person"


class InboxFull(CommandFailed):
    """The person's inbox takes no more until the vault is opened."""

    code = "inbox_full"


class UnknownNode(CommandFailed):
    """No node of that id has said hello."""

    code = "unknown_node"


class StorageFailed(CommandFailed):
    """The Llama's disk is full, read-only or failing."""

    code = "storage_failed"


_BY_CODE: Final[dict[str, type[CommandFailed]]] = {
    error.code: error
    for error in (
        InvalidInput,
        InvalidDay,
        TextTooLong,
        UnknownPerson,
        InboxFull,
        UnknownNode,
        StorageFailed,
    )
}


def error_of(code: str, message: str, fix: str) -> LlamaError:
    """The exception for an answer of type ``error``; a plain `CommandFailed` for unknown codes."""
    if code == "unsupported_schema":
        return UnsupportedSchema(message)
    return _BY_CODE.get(code, CommandFailed)(message, code=code, fix=fix)
