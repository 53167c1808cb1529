"""The vaults of one Llama: unlocking, locking, and writing into locked ones.

Owns which vaults are open and when they close by themselves. `herdbook.llama.keys` changes their
keys.
"""

import asyncio
import gc
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from herdbook.clock import Clock, day_of
from herdbook.crypto.kdf import KdfParameters
from herdbook.embedding.model import Model
from herdbook.errors import (
    PersonUnknown,
    VaultLocked,
)
from herdbook.files import make_folder
from herdbook.journal.draft import Saving
from herdbook.journal.dropped import DroppedEntry, dropped_draft
from herdbook.journal.entry import SOURCE_LIMIT, clean_text
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.settings import Settings
from herdbook.llama.attempts import Attempts
from herdbook.llama.creations import Creations
from herdbook.llama.decoy import try_none
from herdbook.llama.derivations import Derivations
from herdbook.llama.opening import Opening, OpenVault
from herdbook.llama.password import check_secret
from herdbook.llama.people import People, Person, name_key, unowned
from herdbook.vault.folder import is_as_opened, open_header, settle
from herdbook.vault.header import way_in, wrong_secret
from herdbook.vault.memory import forget, keep_memory_private
from herdbook.vault.vault import (
    Vault,
    inbox_of,
    open_unlocked,
    remove_half_made,
)

_CHECK_EVERY_S: Final = 5.0

_LOGGER = logging.getLogger(__name__)


class Vaults:
    """See the module. Use `lock_idle` as a task of the server's, and `close` at its end."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        zone: tzinfo,
        parameters: KdfParameters | None = None,
        model: Model | None = None,
    ) -> None:
        """`parameters` are the cost of new keys; without them it is measured on this machine.

        `model` is for searching by meaning; it rests while no open vault uses it.

        Whoever else holds keys is told by `on_lock` whose vault locks, by person id, and by
        `on_check` every few seconds that time has passed. Raises `StorageError` when the folder
        cannot be used.
        """
        keep_memory_private()  # wrong passwords and drops come before a vault is open, too
        self._folder = make_folder(folder / "vaults")
        remove_half_made(self._folder)
        self._clock = clock
        self._zone = zone
        self._model = model or Model()
        self._open: dict[str, OpenVault] = {}
        self._reopening: dict[str, list[Opening]] = {}
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # Held while a vault is being closed, which waits for no gate: locking is for now.
        self._closing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.on_check: list[Callable[[], None]] = []
        self.on_lock: list[Callable[[str], None]] = []
        self.people = People(folder / "people.json")
        self.unowned = unowned(self._folder, self.people)
        self.derivations = Derivations(Attempts(folder / "attempts.json", clock), parameters)
        self.creations = Creations(self._folder, self.people, self.derivations, clock)

    async def finish_creation(
        self, token: str, typed_code: str, user_id: str | None = None
    ) -> Opening:
        """Finish one of `creations`, and leave its vault unlocked. Raises as `Creations.finish`."""
        person, vault = await self.creations.finish(token, typed_code, user_id)
        await self._keep_open(person, vault)
        return self._admit(person)

    async def unlock(self, name: str, secret: str, user_id: str | None = None) -> Opening:
        """Open a person's vault with the password or the recovery code, and absorb its inbox.

        With `user_id`, that user of Home Assistant is the person from now on; whose vault they
        may open, `People.admissible` says. Raises `WrongSecret`, also for an unknown name, after
        the same time and in the same words, `TooManyAttempts`, and `VaultLocked` when it was locked
        again before this returned.
        """
        check_secret(secret)
        by_code = way_in(secret)[0] == "recovery"
        try:
            person = self.people.admissible(name, user_id, by_code=by_code)
            key = name_key(person.name)
        except PersonUnknown:
            person, key = None, name_key(name)
        if person is None:
            folders = [self.folder_of(one) for one in self.people.all()]
            attempts = self.derivations.attempts
            await self.derivations.test(key, partial(try_none, attempts, key, folders, secret))
            raise wrong_secret()
        folder = self.folder_of(person)
        try_secret = partial(open_header, folder, *way_in(secret))
        # Before the gate: whoever has the wrong one learns nothing from how long that is held.
        header = await self.derivations.test(key, try_secret)
        async with self.gate(person.id):
            if not await asyncio.to_thread(is_as_opened, folder, header):
                # The keys were changed while it waited.
                forget(header.dek)
                header = await self.derivations.test(key, try_secret)
            dek = await asyncio.to_thread(settle, folder, header)
            # Another tab may have been first.
            if self.is_unlocked(person.id):
                forget(dek)
            else:
                async with self._closing[person.id]:
                    vault = await open_unlocked(folder, dek, SCHEMA)
                await self._keep_open(person, vault)
            if user_id is not None and person.user_id != user_id:
                person = await self._hand_over(person, user_id)
            opening = self._admit(person)
        await self._absorb(person)
        return opening

    async def _hand_over(self, person: Person, user_id: str) -> Person:
        """Let a vault be another user's of Home Assistant: it is open to nobody else any more."""
        try:
            return await self.people.claim(person, user_id)
        finally:
            if (opened := self._open.get(person.id)) is not None:
                opened.used_ms.clear()

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
            if self.is_unlocked(person_id):
                openings = list(self._open[person_id].used_ms)
                await self.lock(person_id)
                self._reopening[person_id] = openings
            async with self._closing[person_id]:
                pass  # what somebody else locked may still be saving
            try:
                yield
            finally:
                self._reopening.pop(person_id, None)

    async def reopen(self, person: Person, dek: bytes) -> None:
        """Within `closed`: open the vault again if it was open, unless it was locked meanwhile.

        Who could read it before can read it again.
        """
        if person.id not in self._reopening:
            return
        vault = await open_unlocked(self.folder_of(person), dek, SCHEMA)
        if person.id not in self._reopening:
            await vault.database.close()
            return
        opened = await self._keep_open(person, vault)
        now = self._clock.monotonic_ms()
        opened.used_ms.update(dict.fromkeys(self._reopening[person.id], now))
        await opened.absorb()

    def journal(self, opening: Opening) -> Journal:
        """The journal of an unlocked vault, which counts as use. Raises `VaultLocked`."""
        journal = self.glance(opening)
        self._open[opening.person.id].used_ms[opening] = self._clock.monotonic_ms()
        return journal

    def glance(self, opening: Opening) -> Journal:
        """The journal of an unlocked vault, not counting as use. Raises `VaultLocked`."""
        opened = self._open.get(opening.person.id)
        if opened is None or opening not in opened.used_ms:
            raise VaultLocked("Your vault is locked.", fix="Unlock it to go on.")
        return opened.journal

    def settings(self, opening: Opening) -> Settings:
        """How the person wants the panel; not counting as use. Raises `VaultLocked`."""
        self.glance(opening)
        return self._open[opening.person.id].settings

    async def change_settings(self, opening: Opening, chosen: Settings) -> None:
        """Keep what the person wants, and go by it at once. Raises `VaultLocked`."""
        self.journal(opening)
        await self._open[opening.person.id].change_settings(chosen)
        await self._let_model_rest()

    def admits(self, opening: Opening) -> bool:
        """Whether an opening still opens its vault."""
        opened = self._open.get(opening.person.id)
        return opened is not None and opening in opened.used_ms

    def end_others(self, keep: Opening) -> None:
        """End every opening of a person's vault but one, also of who is not told of theirs yet."""
        opened = self._open.get(keep.person.id)
        if opened is not None:
            for opening in [one for one in opened.used_ms if one is not keep]:
                del opened.used_ms[opening]

    def is_unlocked(self, person_id: str) -> bool:
        """Whether a person's vault is open now, for whomever."""
        return person_id in self._open

    @property
    def all_locked(self) -> bool:
        """Whether no vault is open now."""
        return not self._open

    async def lock(self, person_id: str) -> None:
        """Close a vault and drop its keys; what was being saved is saved first."""
        self._reopening.pop(person_id, None)
        opened = self._open.pop(person_id, None)
        for let_go in self.on_lock:
            let_go(person_id)
        async with self._closing[person_id]:  # by somebody else, perhaps
            if opened is not None:
                opened.journal.files.end()
                await opened.forget_deleted()
                await opened.close()
                await self._let_model_rest()
                # What refers to itself, such as an error with its frames, is freed only by this.
                del opened
                gc.collect()

    async def _let_model_rest(self) -> None:
        """Let go of the model unless an open vault uses it."""
        if not any(opened.journal.meaning.is_on for opened in self._open.values()):
            await self._model.rest()

    async def drop(
        self,
        person: Person,
        text: str,
        *,
        day: date | None,
        source: str | None,
        composition: str | None = None,
    ) -> None:
        """Seal an entry into a person's inbox, durably; an unlocked vault absorbs it at once.

        `source` names the part of the house that wrote, None for the person. Without a `day` it is
        for today. The same `composition` again is one entry. Raises `InputError`, `TextTooLong`,
        `InboxFull`, `StorageError`.
        """
        now = self._clock.wall_ms()
        entry = DroppedEntry(
            day=day or day_of(now, self._zone),
            created_ms=now,
            text=clean_text(text),
            author="person" if source is None else "house",
            source=None if source is None else source[:SOURCE_LIMIT],
            composition=composition,
        )
        await self._drop(person, entry)

    async def drop_draft(self, person: Person, saving: Saving) -> None:
        """Seal an unfinished text into a person's inbox; it is a draft again at the next unlock.

        Raises `TextTooLong`, `InboxFull`, `StorageError`.
        """
        await self._drop(person, dropped_draft(saving, self._clock.wall_ms()))

    async def _drop(self, person: Person, entry: DroppedEntry) -> None:
        folder, body = self.folder_of(person), msgspec.msgpack.encode(entry)

        def add() -> None:
            inbox, public_key = inbox_of(folder)
            inbox.add(public_key, body, paced=entry.author == "house")

        await asyncio.to_thread(add)
        await self._absorb(person)

    async def lock_idle(self) -> None:
        """Lock every vault that nobody uses any more; runs until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            now = self._clock.monotonic_ms()
            # No name of this frame, which waits here for ever, may keep hold of a vault.
            for person_id in [key for key, opened in self._open.items() if opened.end_idle(now)]:
                await self.lock(person_id)
            self.creations.forget_expired()
            for check in self.on_check:
                check()

    async def close(self) -> None:
        """Lock everything."""
        self.creations.forget_all()
        self._reopening.clear()
        for person_id in list(self._open):
            await self.lock(person_id)

    async def _keep_open(self, person: Person, vault: Vault) -> OpenVault:
        opened = self._open[person.id] = await OpenVault.of(vault, self._clock, self._model)
        return opened

    async def _absorb(self, person: Person) -> None:
        if (opened := self._open.get(person.id)) is not None:
            await opened.absorb()

    def _admit(self, person: Person) -> Opening:
        """A new opening of an open vault. Raises `VaultLocked` if somebody was faster."""
        opening = Opening(person)
        opened = self._open.get(person.id)
        if opened is None:
            raise VaultLocked("Your vault was locked meanwhile.", fix="Unlock it to go on.")
        opened.used_ms[opening] = self._clock.monotonic_ms()
        return opening
