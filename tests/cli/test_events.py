"""``herdbook alpaca logs``, as a process beside a log that grows."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herdbook.cli import events
from herdbook.errors import NodeUnavailable
from herdbook.eventlog.event import OBSERVATION
from tests.eventlog.samples import numbered, open_log
from tests.fakes.clock import ManualClock


def command(folder: Path, *arguments: str) -> list[str]:
    config = folder / "alpaca.toml"
    config.write_text('name = "Hallway"\ndata = "node"\n[[sensor]]\nkind = "system"\n')
    herdbook = [sys.executable, "-m", "herdbook.cli.main"]
    return [*herdbook, "alpaca", "logs", "--config", str(config), *arguments]


def test_the_last_events_are_shown_without_the_node(tmp_path: Path) -> None:
    log = open_log(tmp_path / "node", ManualClock())
    for number in range(30):
        log.append(OBSERVATION, numbered(number))
    log.close()
    shown = subprocess.run(command(tmp_path), capture_output=True, text=True, check=True)
    lines = shown.stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(11, 31))
    few = subprocess.run(
        command(tmp_path, "--limit", "2", "--json"), capture_output=True, text=True, check=True
    )
    assert [json.loads(line)["seq"] for line in few.stdout.splitlines()] == [29, 30]


@pytest.mark.parametrize("sealed", [True, False])
def test_the_tail_follows_a_log_as_it_grows(tmp_path: Path, sealed: bool) -> None:
    log = open_log(tmp_path / "node", ManualClock())
    log.append(OBSERVATION, numbered(0))
    with subprocess.Popen(
        command(tmp_path, "--tail"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().split()[0] == "1"
            for number in range(1, 5):
                log.append(OBSERVATION, numbered(number))
                if sealed:
                    log.seal(1)
                assert process.stdout.readline().split()[0] == str(number + 1)
            process.send_signal(signal.SIGINT)
            rest, said = process.communicate(timeout=20)
        finally:
            process.kill()
    log.close()
    assert (rest, process.returncode) == ("", 0)
    assert "Traceback" not in said


def test_before_the_first_start_there_is_no_log_and_that_is_said(tmp_path: Path) -> None:
    result = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "the node was never started. Start the node: herdbook alpaca run" in result.stderr
    assert "data" not in result.stderr.replace(str(tmp_path), ""), "it knows the folder"


def test_the_tail_waits_for_the_first_start(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "--tail"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stdout is not None
            assert "It is waited for." in process.stderr.readline()
            log = open_log(tmp_path / "node", ManualClock())
            log.append(OBSERVATION, numbered(0))
            assert process.stdout.readline().split()[0] == "1"
            log.close()
        finally:
            process.kill()


def test_a_folder_of_somebody_else_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(NodeUnavailable, match="with sudo"):
        events._is_begun(tmp_path)
