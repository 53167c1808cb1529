"""Vaults in the making: their keys wait in memory until the recovery code is typed back."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from herdbook.clock import Clock
from herdbook.errors import InputError, StorageError, WrongSecret
from herdbook.ids import random_id
from herdbook.journal.journal import SCHEMA
from herdbook.llama.derivations import Derivations
from herdbook.llama.password import check_password
from herdbook.llama.pending import Pending
from herdbook.llama.people import People, Person
from herdbook.vault.vault import Draft, Vault, create_vault, discard, draft_vault, is_code_of


@dataclass(frozen=True, slots=True)
class Creation:
    """A vault that waits for its recovery code to be typed back."""

    token: str = field(repr=False)
    recovery_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pending:
    name: str
    draft: Draft


class Creations:
    """See the module."""

    def __init__(
        self, folder: Path, people: People, derivations: Derivations, clock: Clock
    ) -> None:
        """`folder` is where vaults are."""
        self._folder = folder
        self._people = people
        self._derivations = derivations
        self._pending: Pending[_Pending] = Pending(clock)
        self._finishing = asyncio.Lock()

    async def begin(self, name: str, password: str) -> Creation:
        """Keys of a new vault, in memory only, for a while.

        Raises `InputError` for a name or a password that cannot be used.
        """
        name = self._people.check_free(name)
        check_password(password)
        parameters = await self._derivations.parameters()
        draft = await self._derivations.run(partial(draft_vault, password, parameters))
        return Creation(self._pending.add(_Pending(name, draft)), draft.recovery_code)

    def find(self, token: str) -> Creation:
        """One that still waits. Raises `InputError` when it has expired or never was."""
        return Creation(token, self._pending.get(token).draft.recovery_code)

    async def finish(
        self, token: str, typed_code: str, user_id: str | None
    ) -> tuple[Person, Vault]:
        """Write the vault, once its recovery code has been typed back; it is open.

        It belongs to the user `user_id` of Home Assistant, where that is known.

        Raises `RecoveryCodeInvalid` or `WrongSecret` when the code was typed wrong (it may be
        tried again), `InputError` when the creation has expired, the name was taken meanwhile or
        the user has a vault, `StorageError`.
        """
        pending = self._pending.get(token)
        if not await self._derivations.run(partial(is_code_of, pending.draft, typed_code)):
            raise WrongSecret(
                "That is a recovery code, but not this vault's.",
                fix="Type the one that was just shown.",
            )
        async with self._finishing:
            self._pending.get(token)  # a second tab may have been faster
            self._people.check_free(pending.name)
            if user_id is not None and self._people.of_user(user_id) is not None:
                raise InputError(
                    "You have a vault already.", fix="Open that one.", reason="vault_there"
                )
            vault = await create_vault(self._folder, pending.draft, SCHEMA)
            person = Person(random_id(), pending.name, user_id, vault.vault_id)
            try:
                await self._people.add(person)
            except StorageError:
                await vault.database.close()
                # Without its person nobody would find it, and the next try would meet it.
                await asyncio.to_thread(discard, self._folder / person.vault_id)
                raise
            except BaseException:
                await vault.database.close()
                raise
            self._pending.forget(token)
            return person, vault

    def forget_expired(self) -> None:
        """Let go of keys that nobody asked for any more."""
        self._pending.forget_expired()

    def forget_all(self) -> None:
        """Let go of all keys."""
        self._pending.forget_where(lambda _pending: True)
