import signal
import sys
from pathlib import Path

import pytest

from demo.errors import DemoError
from demo.process import Process
from demo.waiting import until

PATIENT = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up'); time.sleep(60)"
)


def program(tmp_path: Path, code: str, *, restart_on: int | None = None) -> Process:
    again = frozenset() if restart_on is None else frozenset({restart_on})
    return Process("part", [sys.executable, "-c", code], tmp_path / "log", restart_on=again)


async def test_early_end_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    process = program(tmp_path, "print('no room here'); raise SystemExit(3)")
    died: list[Process] = []
    process.on_death = died.append
    await process.start()
    with pytest.raises(DemoError, match="exit code 3") as refusal:
        await process.said("ready")
    assert "no room here" in refusal.value.message
    assert str(tmp_path / "log") in refusal.value.fix
    assert died == [process]


async def test_is_started_again_after_a_code_that_asks_for_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        f"import pathlib, time; mark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists(): mark.touch(); raise SystemExit(100)\n"
        "print('second', flush=True); time.sleep(60)"
    )
    process = program(tmp_path, code, restart_on=100)
    await process.start()
    assert await process.said("second") == "second"
    await process.stop()
    assert process.returncode == -signal.SIGTERM


async def test_one_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    process = program(tmp_path, PATIENT)
    died: list[Process] = []
    process.on_death = died.append
    await process.start()
    await process.said("up")
    await process.stop(grace=0.2)
    assert process.returncode == -signal.SIGKILL
    assert died == []
    assert not process.running


async def test_condition_that_never_comes_names_what_was_waited_for() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(DemoError, match="the moon rises"):
        await until(never, "the moon rises", seconds=0.1)
