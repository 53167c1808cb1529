"""Changing keys of a running Llama's vaults, and how unlocking is limited."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, date
from pathlib import Path

import pytest

from herdbook.crypto import kdf
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters, derive_key
from herdbook.crypto.recovery import new_recovery_code
from herdbook.errors import (
    InputError,
    RecoveryCodeInvalid,
    StorageError,
    TooManyAttempts,
    VaultDamaged,
    VaultLocked,
    WrongSecret,
)
from herdbook.llama import keys as module
from herdbook.llama.attempts import FREE
from herdbook.llama.derivations import WAITING_LIMIT
from herdbook.llama.keys import Keys
from herdbook.llama.opening import Opening
from herdbook.llama.pending import LIMIT_MS
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults
from herdbook.vault import header
from herdbook.vault.rotation import Rotation, rotate
from herdbook.vault.vault import inbox_of
from tests.fakes.clock import ManualClock

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
NEW_PASSWORD = "three other words"
DAY = date(2026, 11, 20)
_FULL = StorageError("The disk is full.")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def vaults(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Vaults]:
    vaults = Vaults(tmp_path, clock, UTC, FAST)
    yield vaults
    await vaults.close()


@pytest.fixture
async def keys(vaults: Vaults, clock: ManualClock) -> AsyncIterator[Keys]:
    keys = Keys(vaults, clock)
    yield keys
    await keys.close()


@pytest.fixture
async def opened(vaults: Vaults) -> tuple[Opening, str]:
    """Ada's vault, unlocked with one entry in it, and its recovery code."""
    return await _opened(vaults, "Ada")


@pytest.fixture
def opening(opened: tuple[Opening, str]) -> Opening:
    """By which Ada reads."""
    return opened[0]


@pytest.fixture
def ada(opened: tuple[Opening, str]) -> tuple[Person, str]:
    """Ada and her recovery code."""
    return opened[0].person, opened[1]


async def _opened(vaults: Vaults, name: str) -> tuple[Opening, str]:
    creation = await vaults.creations.begin(name, PASSWORD)
    opening = await vaults.finish_creation(creation.token, creation.recovery_code)
    await vaults.journal(opening).add(DAY, "The first snow.")
    return opening, creation.recovery_code


async def _works(vaults: Vaults, *secrets: str) -> list[bool]:
    works = []
    for secret in secrets:
        await vaults.lock(vaults.people.find(name="Ada").id)
        try:
            await vaults.unlock("Ada", secret)
        except WrongSecret:
            works.append(False)
        else:
            works.append(True)
    return works


async def _entries(vaults: Vaults, opening: Opening) -> list[str]:
    return [entry.text for entry in await vaults.journal(opening).on_day(DAY)]


@pytest.mark.parametrize("way", ["password", "recovery code"])
async def test_a_password_is_changed_under_an_open_vault(
    vaults: Vaults, keys: Keys, opening: Opening, ada: tuple[Person, str], way: str
) -> None:
    person, code = ada
    await keys.change_password(person, PASSWORD if way == "password" else code, NEW_PASSWORD)
    assert await _entries(vaults, opening) == ["The first snow."], "still open"
    assert await _works(vaults, PASSWORD, NEW_PASSWORD, code) == [False, True, True]
    assert not list(vaults.folder_of(person).glob("*.previous"))


async def test_a_wrong_or_short_password_changes_nothing(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str]
) -> None:
    person, code = ada
    before = (vaults.folder_of(person) / "header.json").read_bytes()
    with pytest.raises(WrongSecret):
        await keys.change_password(person, "wrong words here", NEW_PASSWORD)
    with pytest.raises(InputError, match="at least 8"):
        await keys.change_password(person, PASSWORD, "short")
    for kind in ("code", "rotation"):
        for secret in ("wrong words here", code):
            with pytest.raises(WrongSecret):
                await keys.begin(person, kind, secret)
    assert (vaults.folder_of(person) / "header.json").read_bytes() == before


async def test_a_disk_that_does_not_keep_the_new_header_gets_the_old_one_back(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, _ = ada
    written = header.write_header

    def torn(path: Path, file: header.HeaderFile, **options: object) -> None:
        written(path, file)
        if path.name == "header.json":
            path.write_bytes(path.read_bytes()[:100])
            monkeypatch.undo()

    monkeypatch.setattr("herdbook.vault.folder.write_header", torn)
    with pytest.raises(VaultDamaged, match="put back"):
        await keys.change_password(person, PASSWORD, NEW_PASSWORD)
    assert await _works(vaults, PASSWORD, NEW_PASSWORD) == [True, False]


async def test_a_header_that_rots_before_it_opened_gives_way_to_the_previous(
    vaults: Vaults, ada: tuple[Person, str]
) -> None:
    person, _ = ada
    folder = vaults.folder_of(person)
    (folder / "header.json").rename(folder / "header.json.previous")
    (folder / "header.json").write_bytes(b'{"header": {')
    assert await _works(vaults, "wrong words here", PASSWORD) == [False, True]
    assert not (folder / "header.json.previous").exists()
    assert await _works(vaults, PASSWORD) == [True]


async def test_a_new_code_takes_effect_once_it_was_typed_back(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str]
) -> None:
    person, old = ada
    token = await keys.begin(person, "code", PASSWORD)
    new = keys.waiting(token).draft.recovery_code
    with pytest.raises(RecoveryCodeInvalid):
        await keys.finish(token, new[:-1])
    for wrong in (old, new_recovery_code()):
        with pytest.raises(WrongSecret, match="not the new one"):
            await keys.finish(token, wrong)
    assert await _works(vaults, old, new) == [True, False]
    with pytest.raises(InputError, match="too old"):
        await keys.finish(token, new)  # locking let go of it, for it holds the vault's key
    token = await keys.begin(person, "code", PASSWORD)
    new = keys.waiting(token).draft.recovery_code
    await keys.finish(token, new.lower())
    assert await _works(vaults, old, new, PASSWORD) == [False, True, True]
    with pytest.raises(InputError, match="too old"):
        await keys.finish(token, new)


@pytest.mark.parametrize("kind", ["code", "rotation"])
async def test_a_change_waits_a_quarter_of_an_hour(
    keys: Keys, ada: tuple[Person, str], clock: ManualClock, kind: module.Kind
) -> None:
    token = await keys.begin(ada[0], kind, PASSWORD)
    clock.advance(LIMIT_MS)
    with pytest.raises(InputError, match="too old"):
        keys.waiting(token)


async def test_a_change_that_waited_too_long_is_let_go_of_unasked(
    vaults: Vaults,
    keys: Keys,
    ada: tuple[Person, str],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It holds the vault's key."""
    monkeypatch.setattr("herdbook.llama.vaults._CHECK_EVERY_S", 0.01)
    await keys.begin(ada[0], "code", PASSWORD)
    task = asyncio.create_task(vaults.lock_idle())
    clock.advance(LIMIT_MS)
    async with asyncio.timeout(5):
        while keys._pending._waiting:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("kind", ["code", "rotation"])
async def test_a_password_change_meanwhile_ends_a_waiting_change(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], kind: module.Kind
) -> None:
    """Or the draft would bring the old password back."""
    token = await keys.begin(ada[0], kind, PASSWORD)
    draft = keys.waiting(token).draft
    await keys.change_password(ada[0], PASSWORD, NEW_PASSWORD)
    with pytest.raises(InputError):
        await keys.finish(token, draft.recovery_code)
    if isinstance(draft, Rotation):
        with pytest.raises(InputError, match="changed elsewhere"):
            rotate(vaults.folder_of(ada[0]), draft)
    assert await _works(vaults, PASSWORD, NEW_PASSWORD) == [False, True]


async def _rotate(keys: Keys, person: Person) -> str:
    token = await keys.begin(person, "rotation", PASSWORD)
    new = keys.waiting(token).draft.recovery_code
    await keys.finish(token, new)
    await keys.wait(person.id, 30)
    return new


async def test_a_rotation_leaves_nothing_that_the_old_key_opens(
    vaults: Vaults, keys: Keys, opening: Opening, ada: tuple[Person, str]
) -> None:
    person, old = ada
    folder = vaults.folder_of(person)
    before = (folder / "header.json").read_bytes()
    pages = (folder / "journal.db").read_bytes()
    _, old_inbox = inbox_of(folder)
    token = await keys.begin(person, "rotation", PASSWORD)
    draft = keys.waiting(token).draft
    assert isinstance(draft, Rotation)
    await keys.finish(token, draft.recovery_code)
    await keys.wait(person.id, 30)
    rotation = keys.rotation(person.id)
    assert rotation is not None
    assert rotation.finished
    assert rotation.error is None
    assert rotation.done == rotation.total > 0
    assert await _entries(vaults, opening) == ["The first snow."], "open again by itself"
    assert await _works(vaults, old, draft.recovery_code, PASSWORD) == [False, True, True]
    await vaults.lock(person.id)
    assert {path.name for path in folder.iterdir()} == {"header.json", "journal.db"}
    assert header.read_header(folder / "header.json").successor is None
    assert inbox_of(folder)[1] != old_inbox
    # The old header put back, with its password, opens the new database no more.
    (folder / "header.json").write_bytes(before)
    with pytest.raises(VaultDamaged):
        await vaults.unlock("Ada", PASSWORD)
    now = (folder / "journal.db").read_bytes()
    assert not any(
        now[start : start + 4096] == pages[start : start + 4096]
        for start in range(0, len(pages), 4096)
    )


async def test_what_is_dropped_around_a_rotation_is_absorbed_once(
    vaults: Vaults,
    keys: Keys,
    opening: Opening,
    ada: tuple[Person, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, _ = ada
    resume, reached = threading.Event(), threading.Event()

    def slow(folder: Path, new: Rotation, **options: object) -> None:
        def step(name: str) -> None:
            if name == "the new database is durably in place":
                reached.set()
                resume.wait(30)

        rotate(folder, new, step=step)

    monkeypatch.setattr(module, "rotate", slow)
    await vaults.lock(person.id)
    token = await keys.begin(person, "rotation", PASSWORD)
    new = keys.waiting(token).draft.recovery_code
    await vaults.drop(person, "Before.", day=DAY, source=None)
    await keys.finish(token, new)
    await asyncio.to_thread(reached.wait, 30)
    with pytest.raises(VaultLocked):
        vaults.journal(opening)
    await vaults.drop(person, "Meanwhile.", day=DAY, source=None)
    resume.set()
    await keys.wait(person.id, 30)
    assert not vaults.is_unlocked(person.id), "it was locked before"
    await vaults.drop(person, "After.", day=DAY, source=None)
    opening = await vaults.unlock("Ada", PASSWORD)
    assert await _entries(vaults, opening) == ["The first snow.", "Before.", "Meanwhile.", "After."]


async def test_a_late_look_into_the_inbox_with_former_keys_refuses_no_drop(
    vaults: Vaults, keys: Keys, opening: Opening, ada: tuple[Person, str]
) -> None:
    """Absorbing may wait for its turn until the vault was locked, and has other keys by then."""
    person, _ = ada
    late = vaults.journal(opening)
    await vaults.lock(person.id)
    await _rotate(keys, person)
    await vaults.drop(person, "After.", day=DAY, source=None)
    with pytest.raises(VaultLocked):
        await late.absorb()
    opening = await vaults.unlock("Ada", PASSWORD)
    assert await _entries(vaults, opening) == ["The first snow.", "After."]


async def test_locking_amid_a_rotation_keeps_it_locked(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, _ = ada
    resume, reached = threading.Event(), threading.Event()

    def slow(folder: Path, new: Rotation, **options: object) -> None:
        reached.set()
        resume.wait(30)
        rotate(folder, new)

    monkeypatch.setattr(module, "rotate", slow)
    token = await keys.begin(person, "rotation", PASSWORD)
    await keys.finish(token, keys.waiting(token).draft.recovery_code)
    await asyncio.to_thread(reached.wait, 30)
    second = await asyncio.gather(vaults.lock(person.id), return_exceptions=True)
    resume.set()
    await keys.wait(person.id, 30)
    assert second == [None]
    assert not vaults.is_unlocked(person.id)


async def test_a_rotation_that_fails_says_so_and_the_old_keys_work(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, code = ada
    monkeypatch.setattr(
        "herdbook.vault.rotation._make_durable", lambda _path: (_ for _ in ()).throw(_FULL)
    )
    new = await _rotate(keys, person)
    rotation = keys.rotation(person.id)
    assert rotation is not None
    assert rotation.error is _FULL
    assert rotation.error.__traceback__ is None, "its frames hold both keys"
    assert await _works(vaults, PASSWORD, code, new) == [True, True, False]
    assert not list(vaults.folder_of(person).glob("journal.db.next*"))


async def test_two_people_change_keys_at_once(vaults: Vaults, keys: Keys) -> None:
    openings = [(await _opened(vaults, name))[0] for name in ("Ada", "Ben")]
    await asyncio.gather(*(_rotate(keys, opening.person) for opening in openings))
    for opening in openings:
        assert await _entries(vaults, opening) == ["The first snow."]


async def _fail(vaults: Vaults, name: str) -> Exception:
    with pytest.raises((WrongSecret, TooManyAttempts)) as raised:
        await vaults.unlock(name, "wrong words here")
    return raised.value


async def test_known_and_unknown_names_wait_alike_and_over_restarts(
    vaults: Vaults, ada: tuple[Person, str], tmp_path: Path, clock: ManualClock
) -> None:
    await vaults.lock(ada[0].id)
    for said in zip(
        *[[str(await _fail(vaults, name)) for _ in range(FREE + 2)] for name in ("Ada", "Nobody")],
        strict=True,
    ):
        assert said[0] == said[1]
    again = Vaults(tmp_path, clock, UTC, FAST)
    for name in ("ada", "NOBODY"):
        assert isinstance(await _fail(again, name), TooManyAttempts)
    with pytest.raises(TooManyAttempts, match="5 seconds"):
        await again.unlock("Ada", PASSWORD)
    clock.advance(5_000)
    await again.unlock("Ada", PASSWORD)
    await again.lock(ada[0].id)
    for _ in range(FREE):
        assert isinstance(await _fail(again, "Ada"), WrongSecret)
    await again.close()


async def test_guessing_closes_nobodys_open_vault(vaults: Vaults, opening: Opening) -> None:
    for _ in range(FREE + 1):
        await _fail(vaults, "Ada")
    await vaults.journal(opening).add(DAY, "And then it thawed.")
    assert await _entries(vaults, opening) == ["The first snow.", "And then it thawed."]


async def test_guesses_made_at_once_count_each(vaults: Vaults, ada: tuple[Person, str]) -> None:
    await vaults.lock(ada[0].id)
    said: list[Exception] = []
    while len(said) < 2 * FREE:
        said += await asyncio.gather(*(_fail(vaults, "Ada") for _ in range(WAITING_LIMIT)))
    assert sum(isinstance(one, WrongSecret) for one in said) == FREE


async def test_changing_keys_is_no_way_round_the_limit(keys: Keys, ada: tuple[Person, str]) -> None:
    for _ in range(FREE):
        with pytest.raises(WrongSecret):
            await keys.change_password(ada[0], "wrong words here", NEW_PASSWORD)
    with pytest.raises(TooManyAttempts):
        await keys.begin(ada[0], "code", PASSWORD)


async def test_a_failing_disk_does_not_count_as_a_wrong_secret(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise _FULL

    with monkeypatch.context() as patched:
        patched.setattr("herdbook.vault.folder.write_header", full)
        for _ in range(2 * FREE):
            with pytest.raises(StorageError, match="full"):
                await keys.change_password(ada[0], PASSWORD, NEW_PASSWORD)
    assert await _works(vaults, PASSWORD) == [True]


async def test_a_rotation_that_ends_unforeseen_does_not_call_itself_done(
    vaults: Vaults, keys: Keys, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "rotate", None)
    await _rotate(keys, ada[0])
    rotation = keys.rotation(ada[0].id)
    assert rotation is not None
    assert rotation.finished
    assert rotation.error is not None
    assert rotation.task is not None
    assert isinstance(rotation.task.exception(), TypeError)
    keys.forget_rotation(ada[0].id)
    assert await _works(vaults, PASSWORD, ada[1]) == [True, True]


async def test_a_known_and_an_unknown_name_cost_the_same_derivations(
    vaults: Vaults, ada: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await vaults.lock(ada[0].id)
    costs: list[tuple[int, KdfParameters]] = []

    def counted(secret: str, salt: bytes, parameters: KdfParameters) -> bytes:
        costs.append((len(salt), parameters))
        return derive_key(secret, salt, parameters)

    monkeypatch.setattr(header, "derive_key", counted)
    walked = []
    for name in ("Ada", "Nobody"):
        for secret in ("wrong words here", new_recovery_code()):
            costs.clear()
            with pytest.raises(WrongSecret):
                await vaults.unlock(name, secret)
            walked.append(tuple(costs))
    assert walked == [((kdf.SALT_SIZE, FAST),)] * 4


async def test_the_loop_goes_on_while_a_key_is_derived(tmp_path: Path, clock: ManualClock) -> None:
    slow = KdfParameters(64 * 1024, 6, 1)
    vaults = Vaults(tmp_path, clock, UTC, slow)
    opening, _ = await _opened(vaults, "Ada")
    await vaults.lock(opening.person.id)
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    started = time.perf_counter()
    await vaults.unlock("Ada", PASSWORD)
    took = time.perf_counter() - started
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await vaults.close()
    assert len(gaps) > 20
    assert max(gaps) < took / 3, (max(gaps), took)
