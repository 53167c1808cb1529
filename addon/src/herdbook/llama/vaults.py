"""The vaults of one Llama: making, unlocking, locking, and writing into locked ones.

Owns which vaults are open and when they close by themselves. `herdbook.llama.keys` changes their
keys.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from herdbook.clock import Clock, day_of
from herdbook.crypto.kdf import KdfParameters
from herdbook.errors import (
    InputError,
    PersonUnknown,
    StorageError,
    VaultDamaged,
    VaultError,
    VaultLocked,
    WrongSecret,
)
from herdbook.files import make_folder
from herdbook.ids import random_id
from herdbook.journal.entry import SOURCE_LIMIT, clean_text
from herdbook.journal.journal import SCHEMA, DroppedEntry, Journal
from herdbook.llama.attempts import Attempts
from herdbook.llama.derivations import Derivations
from herdbook.llama.pending import Pending
from herdbook.llama.people import People, Person, name_key
from herdbook.vault.folder import current_header, unlock
from herdbook.vault.header import decoy_header, unlock_with, wrong_secret
from herdbook.vault.vault import (
    Draft,
    Vault,
    create_vault,
    draft_vault,
    inbox_of,
    is_code_of,
    open_unlocked,
    remove_half_made,
)

IDLE_LIMIT_MS: Final = 15 * 60_000
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
        """`parameters` are the cost of new keys; without them it is measured on this machine.

        Raises `StorageError` when the folder cannot be used.
        """
        self._folder = make_folder(folder / "vaults")
        remove_half_made(self._folder)
        self._clock = clock
        self._zone = zone
        self._pending: Pending[_Pending] = Pending(clock)
        self._open: dict[str, _Open] = {}
        self._reopening: set[str] = set()
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._creating = asyncio.Lock()
        self.people = People(folder / "people.json")
        self.derivations = Derivations(Attempts(folder / "attempts.json", clock), parameters)

    async def begin_creation(self, name: str, password: str) -> Creation:
        """Keys of a new vault, in memory only, for a while.

        Raises `InputError` for a name or a password that cannot be used.
        """
        name = self.people.check_free(name)
        check_password(password)
        self._pending.check_room()
        parameters = await self.derivations.parameters()
        draft = await self.derivations.run(partial(draft_vault, password, parameters))
        return Creation(self._pending.add(_Pending(name, draft)), draft.recovery_code)

    def creation(self, token: str) -> Creation:
        """A creation that still waits. Raises `InputError` when it has expired or never was."""
        return Creation(token, self._pending.get(token).draft.recovery_code)

    async def finish_creation(self, token: str, typed_code: str) -> Person:
        """Write the vault, once its recovery code has been typed back, and leave it unlocked.

        Raises `RecoveryCodeInvalid` or `WrongSecret` when the code was typed wrong (it may be
        tried again), `InputError` when the creation has expired or the name was taken meanwhile,
        `StorageError`.
        """
        pending = self._pending.get(token)
        if not await self.derivations.run(partial(is_code_of, pending.draft, typed_code)):
            raise WrongSecret(
                "That is a recovery code, but not this vault's.",
                fix="Type the one that was just shown.",
            )
        async with self._creating:
            self._pending.get(token)  # a second tab may have been faster
            self.people.check_free(pending.name)
            vault = await create_vault(self._folder, pending.draft, SCHEMA)
            person = Person(random_id(), pending.name, None, vault.vault_id)
            try:
                await self.people.add(person)
            except BaseException:
                await vault.database.close()
                raise
            self._pending.forget(token)
            self._keep_open(person, vault)
        return person

    async def unlock(self, name: str, secret: str) -> Person:
        """Open a person's vault with the password or the recovery code, and absorb its inbox.

        Raises `WrongSecret`, also for an unknown name, after the same time and in the same words,
        and `TooManyAttempts`.
        """
        if len(secret) > _PASSWORD_LIMIT:
            raise wrong_secret()
        key = name_key(name)
        try:
            person = self.people.find(name=name)
        except PersonUnknown:
            person = None
        if person is None:
            await self.derivations.test(key, partial(self._refuse, key, secret))
            raise wrong_secret()
        async with self.gate(person.id):
            folder = self.folder_of(person)
            dek = await self.derivations.test(key, partial(unlock, folder, secret))
            # Another tab may have been first.
            if person.id not in self._open:
                self._keep_open(person, await open_unlocked(folder, dek, SCHEMA))
        await _absorb(self._open.get(person.id))
        return person

    def _refuse(self, key: str, secret: str) -> None:
        """Try a secret on a vault that is not there, at the cost of one that is."""
        costs = []
        for person in self.people.all():
            # A damaged header is its owner's to hear of.
            with suppress(VaultError):
                costs.append(current_header(self.folder_of(person)).header.kdf.parameters())
        costs = costs or [KdfParameters()]
        unlock_with(decoy_header(self.derivations.attempts.choose(key, costs)), secret)

    def folder_of(self, person: Person) -> Path:
        """The folder of a person's vault."""
        return self._folder / person.vault_id

    def gate(self, person_id: str) -> asyncio.Lock:
        """Held by whoever opens a person's vault or changes its header."""
        return self._gates[person_id]

    @asynccontextmanager
    async def closed(self, person_id: str) -> AsyncIterator[None]:
        """Keep a vault closed; what is written meanwhile is sealed into its inbox."""
        async with self.gate(person_id):
            if person_id in self._open:
                await self.lock(person_id)
                self._reopening.add(person_id)
            try:
                yield
            finally:
                self._reopening.discard(person_id)

    async def reopen(self, person: Person, dek: bytes) -> None:
        """Within `closed`: open the vault again if it was open, unless it was locked meanwhile."""
        if person.id not in self._reopening:
            return
        vault = await open_unlocked(self.folder_of(person), dek, SCHEMA)
        if person.id not in self._reopening:
            await vault.database.close()
            return
        self._keep_open(person, vault)
        await _absorb(self._open.get(person.id))

    def journal(self, person_id: str) -> Journal:
        """The journal of an unlocked vault, which counts as use. Raises `VaultLocked`."""
        opened = self._open.get(person_id)
        if opened is None:
            raise VaultLocked("Your vault is locked.", fix="Unlock it to go on.")
        opened.used_ms = self._clock.monotonic_ms()
        return opened.journal

    def glance(self, person_id: str) -> Journal:
        """The journal of an unlocked vault, not counting as use. Raises `VaultLocked`."""
        opened = self._open.get(person_id)
        if opened is None:
            raise VaultLocked("Your vault is locked.", fix="Unlock it to go on.")
        return opened.journal

    def is_unlocked(self, person_id: str) -> bool:
        """Whether a person's vault is open now."""
        return person_id in self._open

    async def lock(self, person_id: str) -> None:
        """Close a vault and drop its keys; what was being saved is saved first."""
        self._reopening.discard(person_id)
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
        folder = self.folder_of(person)

        def add() -> None:
            inbox, public_key = inbox_of(folder)
            inbox.add(public_key, body, paced=source is not None)

        await asyncio.to_thread(add)
        await _absorb(self._open.get(person.id))

    async def lock_idle(self) -> None:
        """Lock every vault nobody has used for `IDLE_LIMIT_MS`; runs until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            limit = self._clock.monotonic_ms() - IDLE_LIMIT_MS
            for person_id in [key for key, opened in self._open.items() if opened.used_ms <= limit]:
                await self.lock(person_id)
            self._pending.forget_expired()

    async def close(self) -> None:
        """Lock everything."""
        self._pending.forget_where(lambda _pending: True)
        self._reopening.clear()
        for person_id in list(self._open):
            await self.lock(person_id)

    def _keep_open(self, person: Person, vault: Vault) -> None:
        self._open[person.id] = _Open(
            vault, Journal(vault, self._clock), self._clock.monotonic_ms()
        )


async def _absorb(opened: _Open | None) -> None:
    """Take in what waits in the inbox; if that fails, it goes on waiting there.

    A full disk or a damaged inbox must not keep anybody from reading, and a drop that is durable
    must not be reported as failed, or it is sent again.
    """
    if opened is None:
        return
    try:
        await opened.journal.absorb()
    except VaultLocked:
        _LOGGER.debug("A vault locked while a drop came; it is absorbed at the next unlock")
    except (StorageError, VaultDamaged) as error:
        _LOGGER.warning("What waits in an inbox stays there until the next unlock: %s", error)


def check_password(password: str) -> None:
    """Raise `InputError` for a password that is too short or too long."""
    if not PASSWORD_LENGTH <= len(password) <= _PASSWORD_LIMIT:
        raise InputError(
            f"A password has at least {PASSWORD_LENGTH} characters.",
            fix="Several unrelated words are easy to remember and hard to guess.",
        )
