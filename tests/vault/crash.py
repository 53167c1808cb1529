"""Ends a process by SIGKILL at every step of an operation on a vault, each time on a fresh copy.

    python -m tests.vault.crash OPERATION TEMPLATE STATES

Copies the folder TEMPLATE to STATES/0, STATES/1 …, and in each carries OPERATION out in a child
that kills itself at its 0th, 1st … step; the last state is that of a child that came to its end.
Prints one JSON object: the names of the steps, and the recovery code that the operation brought.
A child drops one entry into the inbox right before it dies.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.files import Step
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA
from herdbook.vault.folder import unlock
from herdbook.vault.rewrap import change_password, draft_code, take_code
from herdbook.vault.rotation import draft_rotation, rotate
from herdbook.vault.vault import create_vault, draft_vault, inbox_of

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
NEW_PASSWORD = "three other words"
MEANWHILE = "Dropped as it died."
DAY = date(2026, 11, 20)


def drop(folder: Path, text: str) -> None:
    body = DroppedEntry(day=DAY, created_ms=0, text=text, author="house", source="test")
    inbox, public_key = inbox_of(folder)
    inbox.add(public_key, msgspec.msgpack.encode(body))


def _creation(_template: Path) -> tuple[Callable[[Path, Step], None], str]:
    draft = draft_vault(PASSWORD, FAST)

    async def create(folder: Path, step: Step) -> None:
        vault = await create_vault(folder, draft, SCHEMA, step=step)
        await vault.database.close()

    return lambda folder, step: asyncio.run(create(folder, step)), draft.recovery_code


def _password(_template: Path) -> tuple[Callable[[Path, Step], None], str]:
    return lambda folder, step: change_password(folder, PASSWORD, NEW_PASSWORD, step=step), ""


def _code(template: Path) -> tuple[Callable[[Path, Step], None], str]:
    new = draft_code(template, PASSWORD)
    return lambda folder, step: take_code(folder, new, step=step), new.recovery_code


def _rotation(template: Path) -> tuple[Callable[[Path, Step], None], str]:
    new = draft_rotation(template, PASSWORD)
    return lambda folder, step: rotate(folder, new, step=step), new.recovery_code


def _recovery(secret: str) -> Callable[[Path], tuple[Callable[[Path, Step], None], str]]:
    """What `unlock` does to a state that a crash left."""
    return lambda _template: (
        lambda folder, step: unlock(folder, secret, step=step) and None,
        "",
    )


OPERATIONS = {
    "creation": _creation,
    "password": _password,
    "code": _code,
    "rotation": _rotation,
    "recovery": _recovery(PASSWORD),
    "recovery after password": _recovery(NEW_PASSWORD),
}


def main(operation: str, template: Path, states: Path) -> None:
    run, code = OPERATIONS[operation](template)
    names: list[str] = []
    for number in range(1_000):
        state = states / str(number)
        shutil.copytree(template, state)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _die_at(number, partial(run, state), writer, state)
        os.close(writer)
        with os.fdopen(reader) as said:
            name = said.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            names.append(name)
            continue
        if status != 0:
            sys.exit(f"step {number} of {operation}: the child failed")
        json.dump({"steps": names, "code": code}, sys.stdout)
        return


def _die_at(number: int, run: Callable[[Step], None], writer: int, state: Path) -> None:
    seen = 0

    def step(name: str) -> None:
        nonlocal seen
        if seen == number:
            if (state / "header.json").exists():
                drop(state, MEANWHILE)
            os.write(writer, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    ended = 1
    try:
        run(step)
        ended = 0
    finally:
        os._exit(ended)  # never into the parent's loop, whatever happened


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
