"""The vaults of one Llama: making, unlocking, locking, and writing into locked ones.

Owns which vaults are open and when they close by themselves. Key derivations run one at a time:
each takes much memory, and a small machine has little.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date, tzinfo
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

import msgspec

from herdbook.clock import Clock, day_of
from herdbook.crypto.kdf import KdfParameters, derive_key, new_salt
from herdbook.errors import InputError, PersonUnknown, VaultLocked, WrongSecret
from herdbook.files import make_folder
from herdbook.ids import random_id
from herdbook.journal.entry import SOURCE_LIMIT, clean_text
from herdbook.journal.journal import SCHEMA, DroppedEntry, Journal
from herdbook.llama.people import People, Person
from herdbook.vault.header import wrong_secret
from herdbook.vault.vault import (
    Draft,
    Vault,
    create_vault,
    draft_vault,
    inbox_of,
    is_code_of,
    open_vault,
)

IDLE_LIMIT_MS: Final = 15 * 60_000
CREATION_LIMIT_MS: Final = 15 * 60_000
CREATIONS_LIMIT: Final = 16
PASSWORD_LENGTH: Final = 8
_PASSWORD_LIMIT: Final = 1_024
_CHECK_EVERY_S: Final = 5.0

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Creation:
    """A vault that waits for its recovery code to be typed back."""

    token: str = field(repr=False)
    recovery_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pending:
    name: str
    draft: Draft
    expires_ms: int


@dataclass(slots=True)
class _Open:
    vault: Vault
    journal: Journal
    used_ms: int


class Vaults:
    """See the module. Use `lock_idle` as a task of the server's, and `close` at its end."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        zone: tzinfo,
        parameters: KdfParameters | None = None,
    ) -> None:
        """Raises `StorageError` when the folder cannot be used."""
        self._folder = make_folder(folder / "vaults")
        self._clock = clock
        self._zone = zone
        self._parameters = parameters or KdfParameters()
        self._pending: dict[str, _Pending] = {}
        self._open: dict[str, _Open] = {}
        self._deriving = asyncio.Lock()
        self._opening = asyncio.Lock()
        self.people = People(folder / "people.json")

    async def begin_creation(self, name: str, password: str) -> Creation:
        """Keys of a new vault, in memory only, for `CREATION_LIMIT_MS`.

        Raises `InputError` for a name or a password that cannot be used.
        """
        name = self.people.check_free(name)
        if not PASSWORD_LENGTH <= len(password) <= _PASSWORD_LIMIT:
            raise InputError(
                f"A password has at least {PASSWORD_LENGTH} characters.",
                fix="Several unrelated words are easy to remember and hard to guess.",
            )
        self._forget_expired()
        if len(self._pending) >= CREATIONS_LIMIT:
            raise InputError(
                "Too many vaults are being made at once.", fix="Try again in a quarter of an hour."
            )
        async with self._deriving:
            draft = await asyncio.to_thread(draft_vault, password, self._parameters)
        token = token_urlsafe(32)
        expires = self._clock.monotonic_ms() + CREATION_LIMIT_MS
        self._pending[token] = _Pending(name, draft, expires)
        return Creation(token, draft.recovery_code)

    def creation(self, token: str) -> Creation:
        """A creation that still waits. Raises `InputError` when it has expired or never was."""
        return Creation(token, self._waiting(token).draft.recovery_code)

    async def finish_creation(self, token: str, typed_code: str) -> Person:
        """Write the vault, once its recovery code has been typed back, and leave it unlocked.

        Raises `RecoveryCodeInvalid` or `WrongSecret` when the code was typed wrong (it may be
        tried again), `InputError` when the creation has expired or the name was taken meanwhile,
        `StorageError`.
        """
        pending = self._waiting(token)
        async with self._deriving:
            if not await asyncio.to_thread(is_code_of, pending.draft, typed_code):
                raise WrongSecret(
                    "That is a recovery code, but not this vault's.",
                    fix="Type the one that was just shown.",
                )
        async with self._opening:
            self._waiting(token)  # a second tab may have been faster
            self.people.check_free(pending.name)
            vault = await create_vault(self._folder, pending.draft, SCHEMA)
            person = Person(random_id(), pending.name, None, vault.vault_id)
            try:
                await self.people.add(person)
            except BaseException:
                await vault.database.close()
                raise
            del self._pending[token]
            self._keep_open(person, vault)
        return person

    async def unlock(self, name: str, secret: str) -> Person:
        """Open a person's vault with the password or the recovery code, and absorb its inbox.

        Raises `WrongSecret`, also for an unknown name, after the same time and in the same words.
        """
        if len(secret) > _PASSWORD_LIMIT:
            raise wrong_secret()
        try:
            person = self.people.find(name=name)
        except PersonUnknown:
            async with self._deriving:
                await asyncio.to_thread(derive_key, secret, new_salt(), self._parameters)
            raise wrong_secret() from None
        folder = self._folder / person.vault_id
        async with self._deriving:
            vault = await open_vault(folder, secret, SCHEMA)
        async with self._opening:
            if person.id in self._open:
                # The secret was right and somebody, perhaps another tab, was first.
                await vault.database.close()
            else:
                self._keep_open(person, vault)
        await self.journal(person.id).absorb()
        return person

    def journal(self, person_id: str) -> Journal:
        """The journal of an unlocked vault, which counts as use. Raises `VaultLocked`."""
        opened = self._open.get(person_id)
        if opened is None:
            raise VaultLocked("Your vault is locked.", fix="Unlock it to go on.")
        opened.used_ms = self._clock.monotonic_ms()
        return opened.journal

    def is_unlocked(self, person_id: str) -> bool:
        """Whether a person's vault is open now."""
        return person_id in self._open

    async def lock(self, person_id: str) -> None:
        """Close a vault and drop its keys; what was being saved is saved first."""
        opened = self._open.pop(person_id, None)
        if opened is not None:
            await opened.vault.database.close()

    async def drop(
        self, person: Person, text: str, *, day: date | None, source: str | None
    ) -> None:
        """Seal an entry into a person's inbox, durably; an unlocked vault absorbs it at once.

        `source` names the part of the house that wrote, None for the person. Without a `day` it is
        for today. Raises `InputError`, `TextTooLong`, `InboxFull`, `StorageError`.
        """
        now = self._clock.wall_ms()
        body = msgspec.msgpack.encode(
            DroppedEntry(
                day=day or day_of(now, self._zone),
                created_ms=now,
                text=clean_text(text),
                author="person" if source is None else "house",
                source=None if source is None else source[:SOURCE_LIMIT],
            )
        )
        folder = self._folder / person.vault_id

        def add() -> None:
            inbox, public_key = inbox_of(folder)
            inbox.add(public_key, body)

        await asyncio.to_thread(add)
        opened = self._open.get(person.id)
        if opened is not None:
            try:
                await opened.journal.absorb()
            except VaultLocked:
                # It locked in this very moment: the drop waits, as drops do.
                _LOGGER.debug("A vault locked while a drop came; it is absorbed at the next unlock")

    async def lock_idle(self) -> None:
        """Lock every vault nobody has used for `IDLE_LIMIT_MS`; runs until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            limit = self._clock.monotonic_ms() - IDLE_LIMIT_MS
            for person_id in [key for key, opened in self._open.items() if opened.used_ms <= limit]:
                await self.lock(person_id)
            self._forget_expired()

    async def close(self) -> None:
        """Lock everything."""
        self._pending.clear()
        for person_id in list(self._open):
            await self.lock(person_id)

    def _keep_open(self, person: Person, vault: Vault) -> None:
        self._open[person.id] = _Open(
            vault, Journal(vault, self._clock), self._clock.monotonic_ms()
        )

    def _waiting(self, token: str) -> _Pending:
        self._forget_expired()
        pending = self._pending.get(token)
        if pending is None:
            raise InputError(
                "This page is too old to go on from: nothing was made yet.", fix="Start again."
            )
        return pending

    def _forget_expired(self) -> None:
        now = self._clock.monotonic_ms()
        for token in [key for key, pending in self._pending.items() if pending.expires_ms <= now]:
            del self._pending[token]
