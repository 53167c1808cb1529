import asyncio
import threading
import weakref
from collections.abc import AsyncIterator
from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters, derive_key
from herdbook.crypto.recovery import new_recovery_code
from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.errors import (
    Busy,
    HerdbookError,
    InputError,
    PersonUnknown,
    RecoveryCodeInvalid,
    StorageError,
    TextTooLong,
    TooManyAttempts,
    VaultDamaged,
    VaultLocked,
    WrongSecret,
)
from herdbook.journal import settings
from herdbook.journal import vectors as module_of_vectors
from herdbook.journal.draft import Saving
from herdbook.journal.settings import Settings
from herdbook.llama import vaults as module
from herdbook.llama.attempts import FREE
from herdbook.llama.derivations import WAITING_LIMIT
from herdbook.llama.opening import Opening
from herdbook.llama.pending import LIMIT_MS
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults
from herdbook.vault import header
from herdbook.vault.database import Database
from herdbook.vault.rewrap import change_password
from herdbook.vault.rotation import draft_rotation, rotate
from tests.fakes.clock import ManualClock
from tests.model import embedder as embedder
from tests.model import model as model

IDLE_LIMIT_MS = Settings().lock_after_min * 60_000

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
DAY = date(2026, 11, 20)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def vaults(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Vaults]:
    vaults = Vaults(tmp_path, clock, UTC, FAST)
    yield vaults
    await vaults.close()


async def _opening(vaults: Vaults, name: str = "Ada") -> Opening:
    creation = await vaults.creations.begin(name, PASSWORD)
    return await vaults.finish_creation(creation.token, creation.recovery_code)


async def test_nothing_is_written_before_the_code_was_typed_back(
    vaults: Vaults, tmp_path: Path
) -> None:
    creation = await vaults.creations.begin("Ada", PASSWORD)
    assert list((tmp_path / "vaults").iterdir()) == []
    with pytest.raises(RecoveryCodeInvalid):
        await vaults.finish_creation(creation.token, "nonsense")
    with pytest.raises(WrongSecret, match="not this vault"):
        await vaults.finish_creation(creation.token, new_recovery_code())
    opening = await vaults.finish_creation(creation.token, creation.recovery_code.lower())
    person = opening.person
    assert [path.name for path in (tmp_path / "vaults").iterdir()] == [person.vault_id]
    assert vaults.is_unlocked(person.id)


async def test_a_creation_expires(vaults: Vaults, clock: ManualClock) -> None:
    creation = await vaults.creations.begin("Ada", PASSWORD)
    assert vaults.creations.find(creation.token) == creation
    clock.advance(LIMIT_MS)
    with pytest.raises(InputError, match="nothing was made"):
        await vaults.finish_creation(creation.token, creation.recovery_code)


async def test_a_creation_is_finished_once(vaults: Vaults) -> None:
    creation = await vaults.creations.begin("Ada", PASSWORD)
    results = await asyncio.gather(
        *(vaults.finish_creation(creation.token, creation.recovery_code) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Opening) for result in results) == 1
    assert sum(isinstance(result, InputError) for result in results) == 2
    assert len(vaults.people.all()) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b"])
async def test_a_name_that_cannot_be_is_refused(vaults: Vaults, name: str) -> None:
    with pytest.raises(InputError):
        await vaults.creations.begin(name, PASSWORD)


async def test_a_name_is_taken_whatever_its_case(vaults: Vaults) -> None:
    await _opening(vaults, "Zoë")
    with pytest.raises(InputError, match="taken"):
        await vaults.creations.begin("ZOE\u0308", PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
async def test_a_password_has_a_length(vaults: Vaults, password: str) -> None:
    with pytest.raises(InputError, match="at least 8"):
        await vaults.creations.begin("Ada", password)


async def test_written_locked_unlocked_and_still_there_after_a_restart(
    vaults: Vaults, tmp_path: Path, clock: ManualClock
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.journal(opening).add(DAY, "The first snow.")
    await vaults.journal(opening).save_draft(Saving("a" * 32, "w", 0, DAY, "and th"))
    await vaults.lock(person.id)
    with pytest.raises(VaultLocked):
        vaults.journal(opening)
    await vaults.close()

    again = Vaults(tmp_path, clock, UTC, FAST)
    opened = await again.unlock(" ada ", PASSWORD)
    assert opened.person == person
    journal = again.journal(opened)
    assert [entry.text for entry in await journal.on_day(DAY)] == ["The first snow."]
    assert await journal.on_day(date(2026, 11, 21)) == []
    assert [draft.text for draft in await journal.drafts(DAY)] == ["and th"]
    await journal.add(DAY, "and then it thawed", "a" * 32)
    assert await journal.drafts(DAY) == []
    await again.close()


@pytest.mark.parametrize(("name", "secret"), [("Ada", "wrong words"), ("Nobody", PASSWORD)])
async def test_a_wrong_password_and_a_wrong_name_sound_the_same(
    vaults: Vaults, name: str, secret: str
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.lock(person.id)
    with pytest.raises(WrongSecret) as raised:
        await vaults.unlock(name, secret)
    assert str(raised.value) == (
        "That name and password do not open a vault here. "
        "Check both; your recovery code works in place of the password."
    )
    assert not vaults.is_unlocked(person.id)


async def test_an_idle_vault_locks_and_a_used_one_does_not(
    vaults: Vaults, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECK_EVERY_S", 0.01)
    idle, used = await _opening(vaults, "Idle"), await _opening(vaults, "Used")
    task = asyncio.create_task(vaults.lock_idle())
    clock.advance(IDLE_LIMIT_MS - 1)
    vaults.journal(used)
    vaults.glance(idle)
    clock.advance(1)
    async with asyncio.timeout(5):
        while vaults.is_unlocked(idle.person.id):
            await asyncio.sleep(0.01)
    assert vaults.is_unlocked(used.person.id)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nothing_holds_on_to_a_vault_that_has_locked_by_itself(
    vaults: Vaults, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECK_EVERY_S", 0.01)
    journal = weakref.ref(vaults.journal(await _opening(vaults)))
    task = asyncio.create_task(vaults.lock_idle())
    clock.advance(IDLE_LIMIT_MS)
    async with asyncio.timeout(5):
        while journal() is not None:
            await asyncio.sleep(0.01)
    assert not task.done(), "it waits for the next one"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_was_open_when_the_vault_locked_stays_closed(vaults: Vaults) -> None:
    """A tablet left in the kitchen does not read because its owner unlocked upstairs."""
    kitchen = await _opening(vaults)
    await vaults.lock(kitchen.person.id)
    upstairs = await vaults.unlock("Ada", PASSWORD)
    assert await vaults.journal(upstairs).on_day(DAY) == []
    assert not vaults.admits(kitchen)
    for read in (vaults.journal, vaults.glance):
        with pytest.raises(VaultLocked):
            read(kitchen)
    assert vaults.admits(await vaults.unlock("Ada", PASSWORD))
    assert vaults.admits(upstairs), "a second one takes nothing from the first"


async def test_each_opening_has_its_own_idle_time(
    vaults: Vaults, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECK_EVERY_S", 0.01)
    kitchen = await _opening(vaults)
    upstairs = await vaults.unlock("Ada", PASSWORD)
    task = asyncio.create_task(vaults.lock_idle())
    clock.advance(IDLE_LIMIT_MS - 1)
    vaults.journal(upstairs)
    clock.advance(1)
    async with asyncio.timeout(5):
        while vaults.admits(kitchen):
            await asyncio.sleep(0.01)
    assert vaults.admits(upstairs)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_drop_waits_while_locked_and_appears_at_the_next_unlock_once(
    vaults: Vaults, clock: ManualClock
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.lock(person.id)
    await vaults.drop(person, "The engineer came.", day=DAY, source="Home Assistant")
    await vaults.drop(person, "Kept while locked.", day=DAY, source=None)
    for _ in range(2):
        opening = await vaults.unlock("Ada", PASSWORD)
        entries = await vaults.journal(opening).on_day(DAY)
        assert [(entry.text, entry.author, entry.source) for entry in entries] == [
            ("The engineer came.", "house", "Home Assistant"),
            ("Kept while locked.", "person", None),
        ]
        assert entries[0].created_ms == clock.wall
        await vaults.lock(person.id)


async def test_a_drop_into_an_unlocked_vault_appears_at_once(vaults: Vaults) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.drop(person, "Now.", day=DAY, source="Home Assistant")
    assert [entry.text for entry in await vaults.journal(opening).on_day(DAY)] == ["Now."]


async def test_many_drops_at_once_become_one_entry_each(vaults: Vaults) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await asyncio.gather(
        *(vaults.drop(person, f"Drop {n}", day=DAY, source="x") for n in range(20))
    )
    entries = await vaults.journal(opening).on_day(DAY)
    assert sorted(entry.text for entry in entries) == sorted(f"Drop {n}" for n in range(20))


async def test_a_crash_between_keeping_and_forgetting_a_drop_does_not_repeat_it(
    vaults: Vaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.lock(person.id)
    await vaults.drop(person, "Once.", day=DAY, source=None)

    def crash(self: object, rows: list[int]) -> None:
        raise StorageError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("herdbook.vault.inbox.Inbox.remove", crash)
        opening = await vaults.unlock("Ada", PASSWORD)
    await vaults.lock(person.id)
    opening = await vaults.unlock("Ada", PASSWORD)
    assert [entry.text for entry in await vaults.journal(opening).on_day(DAY)] == ["Once."]


@pytest.mark.parametrize("error", [StorageError("full"), VaultDamaged("damaged")])
async def test_an_inbox_that_fails_keeps_nobody_from_reading(
    vaults: Vaults, monkeypatch: pytest.MonkeyPatch, error: HerdbookError
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.journal(opening).add(DAY, "Readable.")
    await vaults.lock(person.id)
    await vaults.drop(person, "Waits.", day=DAY, source=None)

    def fail(self: object, *keys: bytes) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("herdbook.vault.inbox.Inbox.look", fail)
        opening = await vaults.unlock("Ada", PASSWORD)
        # Durable is durable, whatever becomes of absorbing it.
        await vaults.drop(person, "Kept.", day=DAY, source=None)
        entries = await vaults.journal(opening).on_day(DAY)
        assert [entry.text for entry in entries] == ["Readable."]
    await vaults.lock(person.id)
    opening = await vaults.unlock("Ada", PASSWORD)
    entries = await vaults.journal(opening).on_day(DAY)
    assert [entry.text for entry in entries] == ["Readable.", "Waits.", "Kept."]


async def test_a_crowd_at_the_door_is_turned_away_and_not_queued(vaults: Vaults) -> None:
    opening = await _opening(vaults)
    person = opening.person
    await vaults.lock(person.id)
    release = threading.Event()
    before = [
        asyncio.create_task(vaults.derivations.run(release.wait)) for _ in range(WAITING_LIMIT)
    ]
    await asyncio.sleep(0)
    results = await asyncio.gather(
        *(vaults.unlock(f"Nobody {n}", "wrong") for n in range(30)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Busy] * 30
    release.set()
    await asyncio.gather(*before)
    assert (await vaults.unlock("Ada", PASSWORD)).person == person


async def test_being_turned_away_is_no_way_to_begin_counting_anew(vaults: Vaults) -> None:
    await _opening(vaults)
    for _ in range(FREE):
        with pytest.raises(WrongSecret):
            await vaults.unlock("Ada", "wrong")
    release = threading.Event()
    crowd = [
        asyncio.create_task(vaults.derivations.run(release.wait)) for _ in range(WAITING_LIMIT)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await vaults.unlock("Ada", "wrong")
    release.set()
    await asyncio.gather(*crowd)
    with pytest.raises(TooManyAttempts):
        await vaults.unlock("Ada", "wrong")


async def test_a_drop_without_a_day_is_for_today_where_the_house_stands(
    tmp_path: Path, clock: ManualClock
) -> None:
    clock.wall = 1_795_302_000_000  # 2026-11-21T23:00Z, the 22nd in Amsterdam
    vaults = Vaults(tmp_path, clock, ZoneInfo("Europe/Amsterdam"), FAST)
    opening = await _opening(vaults)
    person = opening.person
    await vaults.drop(person, "Late.", day=None, source=None)
    assert len(await vaults.journal(opening).on_day(date(2026, 11, 22))) == 1
    await vaults.close()


async def test_a_drop_that_cannot_be_an_entry_is_refused_before_it_is_sealed(
    vaults: Vaults,
) -> None:
    opening = await _opening(vaults)
    person = opening.person
    for text, error in (("  ", InputError), ("x" * 100_001, TextTooLong)):
        with pytest.raises(error):
            await vaults.drop(person, text, day=DAY, source=None)
    assert await vaults.journal(opening).on_day(DAY) == []


async def test_people_are_found_by_user_id_then_by_name(vaults: Vaults) -> None:
    ada = (await _opening(vaults, "Ada")).person
    ben = Person("b", "Ben", "user-of-ben", "v")
    await vaults.people.add(ben)
    assert vaults.people.find(user_id="user-of-ben", name="Ada") == ben
    assert vaults.people.find(user_id="unknown", name="ADA") == ada
    with pytest.raises(PersonUnknown, match="“Cleo”"):
        vaults.people.find(user_id="unknown", name="Cleo")
    with pytest.raises(PersonUnknown):
        vaults.people.find()


def test_a_damaged_list_of_people_is_said(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "people.json").write_text("{")
    with pytest.raises(StorageError, match=r"people\.json"):
        Vaults(tmp_path, clock, UTC, FAST)


async def test_locking_ends_what_goes_on_in_a_vault_and_the_model_rests(
    tmp_path: Path, clock: ManualClock, model: Model, embedder: Embedder
) -> None:
    vaults = Vaults(tmp_path, clock, UTC, FAST, model)
    ada, ben = await _opening(vaults, "Ada"), await _opening(vaults, "Ben")
    journal = vaults.journal(ada)
    for number in range(200):
        await journal.add(DAY, f"Entry number {number}.")
    tending = vaults._open[ada.person.id].tending
    async with asyncio.timeout(20):
        while not (progress := await journal.meaning.progress()) or not progress.done:
            await asyncio.sleep(0.01)
    assert progress.done < progress.total
    await vaults.lock(ada.person.id)
    assert tending.cancelled()
    assert embedder._loaded is not None, "Ben's vault is open"
    await vaults.lock(ben.person.id)
    assert embedder._loaded is None
    ada = await vaults.unlock("Ada", PASSWORD)
    async with asyncio.timeout(20):
        journal = vaults.journal(ada)
        while (again := await journal.meaning.progress()) is None or again.done <= progress.done:
            await asyncio.sleep(0.01)
    await vaults.close()


async def test_the_model_rests_once_nobody_uses_it_and_locking_ends_the_dropping(
    tmp_path: Path, clock: ManualClock, model: Model, embedder: Embedder
) -> None:
    vaults = Vaults(tmp_path, clock, UTC, FAST, model)
    ada, ben = await _opening(vaults, "Ada"), await _opening(vaults, "Ben")
    await vaults.journal(ada).add(DAY, "Rain all day.")
    async with asyncio.timeout(20):
        while await vaults.journal(ada).meaning.unfinished():
            await asyncio.sleep(0.01)
    await vaults.change_settings(ada, Settings(ai=False))
    assert embedder._loaded is not None, "Ben uses it"
    await vaults.change_settings(ben, Settings(ai=False))
    assert embedder._loaded is None
    await vaults.lock(ada.person.id)
    ada = await vaults.unlock("Ada", PASSWORD)
    assert await _vectors(vaults, ada) == 0
    assert vaults.journal(ada).meaning.state == "off"
    await vaults.change_settings(ada, Settings())
    async with asyncio.timeout(20):
        while await vaults.journal(ada).meaning.unfinished():
            await asyncio.sleep(0.01)
    assert await _vectors(vaults, ada) == 1
    await vaults.close()


async def test_what_is_switched_off_is_found_no_more_from_that_moment_on(
    tmp_path: Path, clock: ManualClock, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting, or not at all: who is killed right after it does not find it otherwise."""
    vaults = Vaults(tmp_path, clock, UTC, FAST, model)
    ada = await _opening(vaults)
    await vaults.journal(ada).add(DAY, "Rain all day.")
    async with asyncio.timeout(20):
        while await vaults.journal(ada).meaning.unfinished():
            await asyncio.sleep(0.01)
    database = vaults._open[ada.person.id].vault.database
    monkeypatch.setattr(module_of_vectors, "forget", _full)
    with pytest.raises(StorageError):
        await vaults.change_settings(ada, Settings(ai=False))
    assert vaults.settings(ada).ai
    assert (await database.read(settings.read)).ai
    assert vaults.journal(ada).meaning.state == "ready"
    monkeypatch.undo()
    vaults._open[ada.person.id].tending.cancel()
    await vaults.change_settings(ada, Settings(ai=False))
    assert not await database.read(module_of_vectors.has_model)
    assert await _vectors(vaults, ada) == 1, "they are still to be dropped"
    await vaults.close()


def _full(_connection: object) -> None:
    raise StorageError("The disk is full.")


async def _vectors(vaults: Vaults, opening: Opening) -> int:
    database = vaults._open[opening.person.id].vault.database
    count = "SELECT count(*) FROM derived_vectors"
    return int(await database.read(lambda connection: connection.execute(count).get))


async def test_where_the_house_has_no_ai_a_vault_loses_what_it_had(
    tmp_path: Path, clock: ManualClock, model: Model
) -> None:
    vaults = Vaults(tmp_path, clock, UTC, FAST, model)
    ada = await _opening(vaults)
    await vaults.journal(ada).add(DAY, "Rain all day.")
    async with asyncio.timeout(20):
        while await vaults.journal(ada).meaning.unfinished():
            await asyncio.sleep(0.01)
    await vaults.close()
    vaults = Vaults(tmp_path, clock, UTC, FAST, Model(off=True))
    ada = await vaults.unlock("Ada", PASSWORD)
    async with asyncio.timeout(20):
        while await _vectors(vaults, ada):
            await asyncio.sleep(0.01)
    assert vaults.settings(ada).ai, "what she chose is hers"
    await vaults.close()


@pytest.mark.parametrize("act", ["unlock", "lock", "keep closed"])
async def test_nothing_is_done_with_a_vault_that_is_still_being_closed(
    vaults: Vaults, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """A new key, say: what is being saved yet would go into the database that it replaces."""
    person = (await _opening(vaults)).person
    events: list[str] = []
    closing, resume = asyncio.Event(), asyncio.Event()
    close = Database.close

    async def slow(self: Database) -> None:
        closing.set()
        await resume.wait()
        await close(self)
        events.append("closed")

    async def do() -> None:
        if act == "unlock":
            await vaults.unlock("Ada", PASSWORD)
        elif act == "lock":
            await vaults.lock(person.id)
        else:
            async with vaults.closed(person.id):
                pass
        events.append(act)

    monkeypatch.setattr(Database, "close", slow)
    lock = asyncio.create_task(vaults.lock(person.id))
    await closing.wait()
    done = asyncio.create_task(do())
    await asyncio.wait([done], timeout=0.1)
    assert events == []
    resume.set()
    await asyncio.gather(lock, done)
    assert events == ["closed", act]


async def test_the_idle_check_does_not_meet_a_vault_that_is_still_being_opened(
    vaults: Vaults, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash much may have to be forgotten first, and nobody has used it by then."""
    person = (await _opening(vaults)).person
    await vaults.lock(person.id)
    monkeypatch.setattr(module, "_CHECK_EVERY_S", 0.01)
    checks: list[None] = []
    vaults.on_check.append(lambda: checks.append(None))

    async def slow(_: object) -> None:
        seen = len(checks)
        async with asyncio.timeout(5):
            while len(checks) < seen + 2:
                await asyncio.sleep(0.01)

    with monkeypatch.context() as patched:
        patched.setattr("herdbook.llama.opening.OpenVault.forget_deleted", slow)
        idle = asyncio.create_task(vaults.lock_idle())
        opening = await vaults.unlock("Ada", PASSWORD)
        assert vaults.admits(opening)
        idle.cancel()


async def test_a_lock_while_a_vault_goes_over_to_another_user_is_said(
    vaults: Vaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _opening(vaults)
    claim = vaults.people.claim

    async def and_lock(person: Person, user_id: str) -> Person:
        await vaults.lock(person.id)
        return await claim(person, user_id)

    monkeypatch.setattr(vaults.people, "claim", and_lock)
    with pytest.raises(VaultLocked):
        await vaults.unlock("Ada", PASSWORD, "0" * 32)
    monkeypatch.undo()
    assert vaults.admits(await vaults.unlock("Ada", PASSWORD, "0" * 32))
    assert vaults.people.of_user("0" * 32) is not None


async def test_a_wrong_secret_waits_for_no_change_of_keys(vaults: Vaults) -> None:
    """How long that takes would tell that the name has a vault."""
    person = (await _opening(vaults)).person
    async with vaults.gate(person.id), asyncio.timeout(5):
        with pytest.raises(WrongSecret):
            await vaults.unlock("Ada", "not the password")


async def test_a_secret_that_was_right_before_the_keys_changed_opens_nothing(
    vaults: Vaults,
) -> None:
    person = (await _opening(vaults)).person
    await vaults.lock(person.id)
    folder = vaults.folder_of(person)
    async with vaults.gate(person.id):
        late = asyncio.create_task(vaults.unlock("Ada", PASSWORD))
        async with asyncio.timeout(5):
            while not vaults.gate(person.id)._waiters:  # type: ignore[attr-defined]
                await asyncio.sleep(0.01)
        await asyncio.to_thread(change_password, folder, PASSWORD, "three other words")
    with pytest.raises(WrongSecret):
        await late
    assert (await vaults.unlock("Ada", "three other words")).person == person


@pytest.mark.parametrize("changing", [False, True])
async def test_a_name_without_a_vault_costs_as_much_as_one_that_has_one(
    vaults: Vaults, monkeypatch: pytest.MonkeyPatch, changing: bool
) -> None:
    person = (await _opening(vaults)).person
    await vaults.lock(person.id)
    folder = vaults.folder_of(person)
    if changing:

        def stop(name: str) -> None:
            if name == "the header is replaced":
                raise InterruptedError

        with pytest.raises(InterruptedError):
            rotate(folder, draft_rotation(folder, PASSWORD), step=stop)
    derived: list[KdfParameters] = []

    def counted(secret: str, salt: bytes, parameters: KdfParameters) -> bytes:
        derived.append(parameters)
        return derive_key(secret, salt, parameters)

    monkeypatch.setattr(header, "derive_key", counted)
    costs = []
    for name in ("Ada", "Nobody"):
        with pytest.raises(WrongSecret):
            await vaults.unlock(name, "not the password")
        costs.append(derived.copy())
        derived.clear()
    assert costs[0] == costs[1]
    assert len(costs[0]) == (2 if changing else 1)
