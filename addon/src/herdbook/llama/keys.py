"""Changing the keys of a vault: its password, its recovery code, or the key of its pages.

Owns the changes that wait for their recovery code, and the rotations that are running.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from herdbook.clock import Clock
from herdbook.errors import HerdbookError, InputError, WrongSecret
from herdbook.llama.password import check_password, check_secret
from herdbook.llama.pending import Pending
from herdbook.llama.people import Person, name_key
from herdbook.llama.vaults import Vaults
from herdbook.vault.rewrap import NewCode, change_password, draft_code, take_code
from herdbook.vault.rotation import Rotation, draft_rotation, rotate
from herdbook.vault.vault import is_code_of

Kind = Literal["code", "rotation"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """Keys that take effect once their recovery code has been typed back."""

    person: Person
    kind: Kind
    draft: NewCode | Rotation = field(repr=False)


@dataclass(slots=True)
class Progress:
    """A rotation: pages sealed anew, pages in all; once finished, `error` if it has failed."""

    done: int = 0
    total: int = 0
    finished: bool = False
    error: HerdbookError | None = None
    task: asyncio.Task[None] | None = None


class Keys:
    """See the module. Use `close` before that of the vaults."""

    def __init__(self, vaults: Vaults, clock: Clock) -> None:
        self._vaults = vaults
        self._pending: Pending[Change] = Pending(clock)
        self._rotations: dict[str, Progress] = {}
        vaults.on_check.append(self._pending.forget_expired)
        vaults.on_lock.append(self.forget)

    async def change_password(self, person: Person, secret: str, password: str) -> None:
        """Let `password` open a person's vault instead of `secret`; the code works in its place.

        Raises `InputError`, `WrongSecret`, `TooManyAttempts`, `VaultDamaged`, `StorageError`; then
        the present one still opens it.
        """
        check_secret(secret)
        check_password(password)
        work = partial(change_password, self._vaults.folder_of(person), secret, password)
        async with self._vaults.gate(person.id):
            await self._vaults.derivations.test(name_key(person.name), work)
        self.forget(person.id)

    async def begin(self, person: Person, kind: Kind, password: str) -> str:
        """Draw a new recovery code, for a rotation a new key too; returns the change's token.

        Nothing is written yet. Raises `WrongSecret`, also for the present recovery code,
        `TooManyAttempts`, `InputError`.
        """
        check_secret(password)
        folder = self._vaults.folder_of(person)

        def draft() -> NewCode | Rotation:
            return (draft_code if kind == "code" else draft_rotation)(folder, password)

        async with self._vaults.gate(person.id):
            new = await self._vaults.derivations.test(name_key(person.name), draft)
        self.forget(person.id)
        return self._pending.add(Change(person, kind, new))

    def waiting(self, token: str) -> Change:
        """A change that still waits. Raises `InputError` when it has expired or never was."""
        return self._pending.get(token)

    async def finish(self, token: str, typed_code: str) -> None:
        """Let a change take effect, its code typed back; a rotation goes on after this returns.

        Raises `RecoveryCodeInvalid` or `WrongSecret` when the code was typed wrong (it may be tried
        again), `InputError` when the change has expired or the keys were changed meanwhile,
        `VaultDamaged`, `StorageError`.
        """
        change = self._pending.get(token)
        if not await self._vaults.derivations.run(partial(is_code_of, change.draft, typed_code)):
            raise WrongSecret(
                "That is a recovery code, but not the new one.",
                fix="Type the one that was just shown.",
            )
        self._pending.get(token)  # a second tab may have been faster
        self._pending.forget(token)
        person, draft = change.person, change.draft
        if isinstance(draft, NewCode):
            folder = self._vaults.folder_of(person)
            async with self._vaults.gate(person.id):
                await self._vaults.derivations.run(partial(take_code, folder, draft))
            return
        running = self._rotations.get(person.id)
        if running is not None and not running.finished:
            raise InputError(
                "The vault is being sealed anew already.",
                fix="Wait for its end.",
                reason="sealing_already",
            )
        progress = self._rotations[person.id] = Progress()
        progress.task = asyncio.create_task(self._rotate(person, draft, progress))

    def rotation(self, person_id: str) -> Progress | None:
        """A person's rotation, running or finished and not yet forgotten."""
        return self._rotations.get(person_id)

    async def wait(self, person_id: str, seconds: float) -> None:
        """Wait for the end of a person's rotation, but no longer than `seconds`."""
        progress = self._rotations.get(person_id)
        if progress is not None and progress.task is not None:
            await asyncio.wait([progress.task], timeout=seconds)

    def forget_rotation(self, person_id: str) -> None:
        """Let go of a rotation that has finished."""
        progress = self._rotations.get(person_id)
        if progress is not None and progress.finished:
            del self._rotations[person_id]

    def forget(self, person_id: str) -> None:
        """Let go of a person's changes that still wait."""
        self._pending.forget_where(lambda change: change.person.id == person_id)

    async def close(self) -> None:
        """Let go of what waits; a rotation that runs is finished first, within seconds."""
        self._pending.forget_where(lambda _change: True)
        tasks = [rotation.task for rotation in self._rotations.values() if rotation.task]
        await asyncio.gather(*tasks)

    async def _rotate(self, person: Person, new: Rotation, progress: Progress) -> None:
        # What stands if this ends by something nobody foresaw.
        progress.error = HerdbookError(
            "Something went wrong while the vault was sealed anew.",
            fix="The Llama's log says more.",
        )

        def tell(done: int, total: int) -> None:
            progress.done, progress.total = done, total

        folder = self._vaults.folder_of(person)
        try:
            async with self._vaults.closed(person.id):
                await asyncio.to_thread(rotate, folder, new, progress=tell)
                progress.error = None
                await self._vaults.reopen(person, new.dek)
        except HerdbookError as error:
            _LOGGER.warning("A vault's key was not changed: %s", error)
            # Its frames hold the keys, and it waits until somebody reads it.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            progress.error = error
        finally:
            progress.finished = True
