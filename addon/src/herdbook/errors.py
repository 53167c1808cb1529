"""Every error that Herdbook raises on purpose.

Owns the exception tree; imports nothing. Each class has a stable ``code`` that crosses the API and
a message that says what happened; ``fix`` says what to do about it. Edges (command line, panel,
API) translate once, from the code.

    HerdbookError                internal
    ├── ConfigError              config_invalid
    ├── InputError               invalid_input
    │   ├── DayInvalid           invalid_day
    │   ├── FilesTooMany         too_many_files
    │   ├── FileTooLarge         file_too_large
    │   ├── PlaceInside          place_inside
    │   └── TextTooLong          text_too_long
    ├── StorageError             storage_failed
    ├── Unavailable
    │   ├── BrokerUnavailable    broker_unavailable
    │   │   └── BrokerRefused    broker_refused
    │   ├── LlamaUnavailable     llama_unavailable
    │   ├── NodeUnavailable      node_unavailable
    │   ├── OutputUnavailable    output_unavailable
    │   ├── PortTaken            port_taken
    │   ├── Busy                 busy
    │   ├── ModelUnusable        model_unusable
    │   ├── ModelDown            model_down
    │   ├── ModelRefused         model_refused
    │   │   └── AnswerUnusable   answer_unusable
    │   └── FetchFailed          fetch_failed
    ├── VaultError
    │   ├── VaultLocked          vault_locked
    │   ├── VaultDamaged         vault_damaged
    │   ├── VaultUnsupported     vault_unsupported
    │   ├── WrongSecret          wrong_secret
    │   ├── TooManyAttempts      too_many_attempts
    │   ├── RecoveryCodeInvalid  recovery_code_invalid
    │   └── InboxFull            inbox_full
    ├── PersonUnknown            unknown_person
    ├── EntryUnknown             unknown_entry
    ├── FileUnknown              unknown_file
    ├── TraceUnknown             unknown_trace
    ├── HerdError
    │   ├── NodeUnknown          unknown_node
    │   ├── BatchRefused         batch_refused
    │   ├── MessageRefused       message_refused
    │   └── LogInUse             log_in_use
    └── ApiError
        ├── Unauthorized         unauthorized
        ├── SchemaUnsupported    unsupported_schema
        ├── MessageInvalid       invalid_message
        └── CommandUnknown       unknown_command
"""

from typing import ClassVar


class HerdbookError(Exception):
    """Root of the tree. ``str()`` gives what happened and, after it, what to do."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".rstrip()


class ConfigError(HerdbookError):
    """A setting is missing, misspelt or out of range."""

    code = "config_invalid"


class InputError(HerdbookError):
    """Something a person or another program sent cannot be used.

    Where a person may meet it, ``reason`` is one stable word for why, and ``values`` are the names
    and numbers of its message: an edge that speaks another language finds its own words by them.
    """

    code = "invalid_input"

    def __init__(
        self, message: str, *, fix: str = "", reason: str = "", **values: str | int
    ) -> None:
        super().__init__(message, fix=fix)
        self.reason = reason
        self.values = values


class DayInvalid(InputError):
    """Not a date of the calendar."""

    code = "invalid_day"


class TextTooLong(InputError):
    """More text than one entry holds."""

    code = "text_too_long"


class FilesTooMany(InputError):
    """More files than one entry has."""

    code = "too_many_files"


class FileTooLarge(InputError):
    """A file of more bytes than are taken."""

    code = "file_too_large"


class PlaceInside(InputError):
    """A picture may say where it was taken, and that cannot be taken out of it."""

    code = "place_inside"


class StorageError(HerdbookError):
    """The disk is full, read-only or failing."""

    code = "storage_failed"


class Unavailable(HerdbookError):
    """Something Herdbook needs does not answer."""

    code = "unavailable"


class BrokerUnavailable(Unavailable):
    """The MQTT broker does not answer, or not now."""

    code = "broker_unavailable"


class BrokerRefused(BrokerUnavailable):
    """The MQTT broker answers, and does not take what was to be published."""

    code = "broker_refused"


class LlamaUnavailable(Unavailable):
    """No Llama answers by HTTP, or not now."""

    code = "llama_unavailable"


class NodeUnavailable(Unavailable):
    """No Alpaca runs with these settings, or it does not answer."""

    code = "node_unavailable"


class OutputUnavailable(Unavailable):
    """An output of a node cannot be set, or not now."""

    code = "output_unavailable"


class PortTaken(Unavailable):
    """Another program listens where Herdbook should."""

    code = "port_taken"


class Busy(Unavailable):
    """As much is asked of a slow part as it takes in; asking again soon helps."""

    code = "busy"


class ModelUnusable(Unavailable):
    """The folder of a model is missing, broken, or of a kind that is not supported."""

    code = "model_unusable"


class ModelDown(Unavailable):
    """A language model does not answer, or not now."""

    code = "model_down"


class ModelRefused(Unavailable):
    """A language model answers, and what it answers cannot be used; asking again will not help."""

    code = "model_refused"


class AnswerUnusable(ModelRefused):
    """A language model answers something else than it was asked for."""

    code = "answer_unusable"


class FetchFailed(Unavailable):
    """What was to be downloaded did not come, or is something else."""

    code = "fetch_failed"


class VaultError(HerdbookError):
    """Root of what can go wrong with a vault."""

    code = "vault_failed"


class VaultLocked(VaultError):
    """The vault is locked: its keys are not in memory."""

    code = "vault_locked"


class VaultDamaged(VaultError):
    """A header, page or wrap fails its authentication."""

    code = "vault_damaged"


class VaultUnsupported(VaultError):
    """A format, suite or parameter that this version does not accept."""

    code = "vault_unsupported"


class WrongSecret(VaultError):
    """Neither the password nor the recovery code of this vault."""

    code = "wrong_secret"


class TooManyAttempts(VaultError):
    """Wrong secrets were tried so often that the next one has to wait ``wait_s`` seconds."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, wait_s: int, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.wait_s = wait_s


class RecoveryCodeInvalid(VaultError):
    """The typed code has a mistake in it: its checksum does not fit."""

    code = "recovery_code_invalid"


class InboxFull(VaultError):
    """As many drops wait, or came in a minute, as an inbox takes."""

    code = "inbox_full"


class PersonUnknown(HerdbookError):
    """Nobody of that name or user id has a vault here."""

    code = "unknown_person"


class EntryUnknown(HerdbookError):
    """No entry of that id is in this journal, or not any more."""

    code = "unknown_entry"


class FileUnknown(HerdbookError):
    """No file of that id is in this journal, or not any more."""

    code = "unknown_file"


class TraceUnknown(HerdbookError):
    """No trace of that id or name is in this journal, or not any more."""

    code = "unknown_trace"


class HerdError(HerdbookError):
    """Root of what can go wrong between nodes and the Llama."""

    code = "herd_failed"


class NodeUnknown(HerdError):
    """No node of that id has said hello."""

    code = "unknown_node"


class BatchRefused(HerdError):
    """A batch that must not be stored; ``reason`` is one stable word for why."""

    code = "batch_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class MessageRefused(HerdError):
    """A hello or a “have” that must not be believed; ``reason`` is one stable word for why."""

    code = "message_refused"

    def __init__(self, reason: str, message: str, *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.reason = reason


class LogInUse(HerdError):
    """Another process writes this event log."""

    code = "log_in_use"


class ApiError(HerdbookError):
    """Root of what a client of the API can do wrong."""

    code = "api_failed"


class Unauthorized(ApiError):
    """No token, or not this Llama's."""

    code = "unauthorized"


class SchemaUnsupported(ApiError):
    """The client speaks a schema this Llama does not."""

    code = "unsupported_schema"


class MessageInvalid(ApiError):
    """Not JSON, or not of the documented shape."""

    code = "invalid_message"


class CommandUnknown(ApiError):
    """No command of that type."""

    code = "unknown_command"
