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


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("one\\ntwo: no such meter.\\n\\n", "two: no such meter"),
        ("\\x1b[31mlost\\x1b[0m\\a \\u202ethe wire\\r\\n", "lost the wire"),
        ("50 %\\rfailed", "failed"),
        ("x" * 5000, "x" * 200),
        ("\\udcff\\udcfe!", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}!"),
        (" \\n", ""),
    ],
)
def test_the_last_line_of_its_complaint_is_told(said: str, shown: str) -> None:
    write = f"import sys; sys.stderr.buffer.write('{said}'.encode('utf-8', 'surrogateescape'))"
    told = fault(script(f"{write}; sys.exit(3)"))
    assert told == f"X: {sys.executable} ends with code 3{': ' if shown else ''}{shown}."
    assert fault(script(write)) == f"X: it says no number{': ' if shown else ''}{shown}."
    assert script(f"{write}; print(7)") == 7.0, "what works may grumble"


def test_a_complaint_without_end_holds_up_nothing() -> None:
    flood = "import os, sys; [os.write(2, b'x' * 65536) for _ in range(200)]; print(7)"
    assert script(flood) == 7.0
    slow = "import os, time; os.write(2, b'wait'); os.close(1); time.sleep(60)"
    assert fault(script(slow, timeout=0.5)).endswith("takes longer than 0.5 s: wait.")


def test_one_that_leaves_something_running_is_not_waited_for() -> None:
    begun = time.monotonic()
    left = "import subprocess; subprocess.Popen(['sleep', '60'], stdout=-3); print(7, flush=True)"
    assert script(left, timeout=20) == 7.0
    assert time.monotonic() - begun < 10


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
