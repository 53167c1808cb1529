"""What each command of the API does.

Owns the way from a command to the vaults, the herd and the house book.
"""

from collections.abc import Awaitable, Callable

from herdbook.errors import InputError, PersonUnknown
from herdbook.house.asked import Asked
from herdbook.house.recall import Recall as HouseRecall
from herdbook.journal.entry import read_day
from herdbook.llama.api import news
from herdbook.llama.api.messages import (
    ApproveNode,
    Command,
    Recall,
    Snapshot,
    Start,
    WriteEntry,
)
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults

DEFAULT_SOURCE = "Home Assistant"


class Commands:
    """Answers commands; raises `HerdbookError` for those that cannot be done."""

    def __init__(
        self,
        vaults: Vaults,
        *,
        snapshot: Callable[[], Awaitable[Snapshot]],
        approve: Callable[[str], Awaitable[object]],
        recall: HouseRecall,
    ) -> None:
        self._vaults = vaults
        self._snapshot = snapshot
        self._approve = approve
        self._recall = recall

    async def handle(self, command: Command) -> object:
        """The result of a command, as docs/api.md has it."""
        match command:
            case Start():
                return await self._snapshot()
            case WriteEntry():
                await self._vaults.drop(
                    self._person(command),
                    command.text,
                    day=None if command.day is None else read_day(command.day),
                    source=command.source or DEFAULT_SOURCE,
                )
                return {"sealed": True}
            case ApproveNode():
                await self._approve(command.node_id)
                return {"approved": True}
            case Recall():
                return news.recalled(await self._recall.ask(_asked(command), command.limit))

    def _person(self, command: WriteEntry) -> Person:
        ref = command.person
        if ref.user_id is None and ref.name is None:
            raise PersonUnknown(
                "The entry does not say whose it is.",
                fix="Name a person in the action, or run it as a signed-in user.",
            )
        return self._vaults.people.find(user_id=ref.user_id, name=ref.name)


def _asked(command: Recall) -> Asked:
    asked = Asked(
        typed=command.query,
        node_id=command.node_id or "",
        sensor=command.sensor or "",
        kind=command.kind or "",
        first=None if command.first is None else read_day(command.first),
        last=None if command.last is None else read_day(command.last),
        kept=command.kept,
    )
    if asked.is_empty:
        raise InputError(
            "Nothing is asked.", fix="Give a query, or something that narrows what is known."
        )
    return asked
