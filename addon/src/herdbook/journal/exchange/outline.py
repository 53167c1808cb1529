"""The outline of a JSON that somebody sent: whose it is, and its entries, unread yet."""

from typing import Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.incoming import Kind

VALUES_LIMIT: Final = 6_000_000
"""Values of a JSON: each takes 70 bytes of memory while it is read, however short it is."""


class Outline(msgspec.Struct):
    """`format` and `version` are ours, `metadata` is Day One's, `tags` are jrnl's."""

    entries: list[msgspec.Raw]
    format: str = ""
    version: int = 0
    metadata: msgspec.Raw = msgspec.Raw()
    tags: msgspec.Raw = msgspec.Raw()

    def kind(self) -> Kind:
        """Whose it is; ours, where nothing tells."""
        if not self.format and bytes(self.metadata).startswith(b"{"):
            return "dayone"
        if not self.format and bytes(self.tags).startswith(b"{"):
            return "jrnl"
        return "json"


def read_outline(body: bytes) -> Outline:
    """The outline of a file's content. Raises `InputError` for what is no journal in JSON."""
    if body.count(b",") > VALUES_LIMIT:
        raise InputError(
            f"The JSON has more than {VALUES_LIMIT:,} values.",
            fix="Bring it in in several parts.",
        )
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=Outline)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InputError(
            "This is no journal in JSON.", fix="Export it again, or choose another file."
        ) from error
