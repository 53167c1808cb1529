"""Who has a vault here. Owns ``people.json``: names and which folder is whose, nothing else.

It is readable while everything is locked, because it must be: docs/guides/panel.md says so.
"""

import asyncio
import logging
import unicodedata
from pathlib import Path
from typing import Final

import msgspec

from herdbook.errors import InputError, PersonUnknown, StorageError
from herdbook.files import replace_file
from herdbook.vault.folder import HEADER

NAME_LIMIT: Final = 60
_TYPED_LIMIT: Final = 1_024
"""Characters of any spelling of a name. What is longer is none, and is not normalised: a page of
accents on one letter takes some Pythons a quarter of an hour, in which nobody else is served."""

_LOGGER = logging.getLogger(__name__)


class Person(msgspec.Struct, frozen=True):
    """A person. `user_id` is Home Assistant's, where known."""

    id: str
    name: str
    user_id: str | None
    vault_id: str


class _File(msgspec.Struct, frozen=True):
    version: int
    people: list[Person]


class People:
    """The people of one Llama."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one. Raises `StorageError` when it is not readable."""
        self._path = path
        self._people: list[Person] = []
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                f"Cannot read {path}: {error}.", fix="Restore it from a backup."
            ) from error
        if file.version != 1:
            raise StorageError(
                f"{path} has version {file.version}; this Herdbook knows 1.",
                fix="Install the release that wrote it, or a newer one.",
            )
        self._people = file.people

    def all(self) -> list[Person]:
        """Everyone, in order of name."""
        return sorted(self._people, key=lambda person: person.name.casefold())

    def by_id(self, person_id: str) -> Person:
        """Raises `PersonUnknown`."""
        for person in self._people:
            if person.id == person_id:
                return person
        raise PersonUnknown("That person has no vault here.")

    def of_user(self, user_id: str) -> Person | None:
        """The person that a user of Home Assistant is, if they have a vault."""
        return next((one for one in self._people if one.user_id == user_id), None)

    def admissible(self, name: str, user_id: str | None, *, by_code: bool) -> Person:
        """Whose vault may be opened. Raises `PersonUnknown`.

        A user of Home Assistant who has a vault opens that one, whatever the `name`. Who has none
        may open one that is nobody's; one that is another user's only by its recovery code: its
        owner has another account now.
        """
        own = None if user_id is None else self.of_user(user_id)
        person = own or self.find(name=name)
        if user_id is not None and person.user_id not in (None, user_id) and not by_code:
            raise PersonUnknown("That vault is another user's.")
        return person

    def find(self, *, user_id: str | None = None, name: str | None = None) -> Person:
        """The person of a Home Assistant user id, else of a name. Raises `PersonUnknown`."""
        for person in self._people:
            if user_id is not None and person.user_id == user_id:
                return person
        for person in self._people:
            if name is not None and name_key(person.name) == name_key(name):
                return person
        raise PersonUnknown(
            f"Nobody called “{(name or '')[:NAME_LIMIT]}” has a vault here.",
            fix="Open the Herdbook panel as that person and create a vault, "
            "or name somebody who has one.",
        )

    async def add(self, person: Person) -> None:
        """Keep one more person, durably. Raises `StorageError`."""
        await self._keep([*self._people, person])

    async def claim(self, person: Person, user_id: str) -> Person:
        """Have a person be a user of Home Assistant from now on, durably. Raises `StorageError`."""
        claimed = msgspec.structs.replace(person, user_id=user_id)
        await self._keep([claimed if one.id == person.id else one for one in self._people])
        return claimed

    async def _keep(self, people: list[Person]) -> None:
        data = msgspec.json.format(msgspec.json.encode(_File(1, people)))
        await asyncio.to_thread(replace_file, self._path, data)
        self._people = people

    def check_free(self, name: str) -> str:
        """The name as it will be kept. Raises `InputError` when it cannot be, or is taken."""
        spelled = "" if len(name) > _TYPED_LIMIT else unicodedata.normalize("NFC", name)
        cleaned = " ".join(spelled.split())
        if not 1 <= len(cleaned) <= NAME_LIMIT or not cleaned.isprintable():
            raise InputError(
                f"A name has 1 to {NAME_LIMIT} visible characters.",
                reason="name_invalid",
                limit=NAME_LIMIT,
            )
        if any(name_key(person.name) == name_key(cleaned) for person in self._people):
            raise InputError(
                "That name is taken.",
                fix="Choose another, or unlock the vault that has it.",
                reason="name_taken",
            )
        return cleaned


def unowned(vaults: Path, people: People) -> list[str]:
    """The ids of vaults in a folder that are nobody's of `people`, which is said in the log."""
    owned = {person.vault_id for person in people.all()}
    found = sorted(
        path.name
        for path in vaults.iterdir()
        if (path / HEADER).exists() and path.name not in owned
    )
    if found:
        _LOGGER.error(
            "people.json does not say whose vaults these are: %s. Put back a copy of it; or "
            "stop the Llama, move each of these folders out of %s, and bring it back with "
            "“herdbook vault import --name NAME FOLDER”.",
            ", ".join(found),
            vaults,
        )
    return found


def name_key(name: str) -> str:
    """What two spellings of the same name have in common."""
    if len(name) > _TYPED_LIMIT:
        return name
    return unicodedata.normalize("NFKC", name).casefold().strip()
