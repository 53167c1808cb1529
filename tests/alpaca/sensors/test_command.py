import sys
import time
from pathlib import Path

import pytest

from herdbook.alpaca.sensors.command import CommandConfig, CommandSensor
from herdbook.alpaca.sensors.measurement import Fault, Sample


def sample(*command: str, **more: object) -> Sample:
    config = CommandConfig(id="x", name="X", command=list(command), **more)  # type: ignore[arg-type]
    return CommandSensor(config).read()["x"]


def script(source: str, **more: object) -> Sample:
    return sample(sys.executable, "-I", "-c", source, **more)


def fault(sample: Sample) -> str:
    assert isinstance(sample, Fault)
    return sample.reason


def test_a_number_or_a_place_in_json() -> None:
    assert sample("echo", "21.5") == 21.5
    assert sample("echo", '{"a": [1, {"b": 7}]}', json="$.a[1].b", scale=2.0) == 14.0
    assert sample("echo", "on", form="binary") == 1.0


def test_no_shell_reads_it() -> None:
    assert "no number" in fault(sample("echo", "$((1+1))"))
    assert "no number" in fault(sample("echo", "1; echo 2"))


def test_nothing_of_our_environment_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERDBOOK_BROKER_PASSWORD", "canary")
    assert script("import os; print(len(os.environ))") == 2.0
    assert script("import sys; print(len(sys.stdin.read()))") == 0.0


def test_what_goes_wrong_is_said() -> None:
    assert fault(sample("false")) == "X: false ends with code 1."
    assert "no-such-program cannot be run: No such file" in fault(sample("no-such-program"))
    assert "no number" in fault(sample("true"))
    assert "not a number" in fault(sample("echo", "nan"))


def test_a_flood_is_cut_off_and_its_program_ended() -> None:
    begun = time.monotonic()
    assert "more than 65,536 bytes" in fault(sample("yes", timeout=30))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("closes", ["", "import os; os.close(1);"])
def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, closes: str) -> None:
    child = tmp_path / "child"
    source = (
        "import subprocess, time;"
        f"p = subprocess.Popen(['sleep', '60']); open({str(child)!r}, 'w').write(str(p.pid));"
        f"{closes} time.sleep(60)"
    )
    begun = time.monotonic()
    assert "takes longer than 1 s" in fault(script(source, timeout=1.0))
    assert time.monotonic() - begun < 4
    pid = int(child.read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}/stat").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_a_relative_program_is_not_one_of_the_folder_we_were_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sensor").write_text("#!/bin/sh\necho 1\n")
    (tmp_path / "sensor").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    assert "cannot be run" in fault(sample("sensor"))
