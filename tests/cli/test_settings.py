"""``herdbook alpaca config check``, as a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mosquitto import Mosquitto, free_port

_CHECK = [sys.executable, "-m", "herdbook.cli.main", "alpaca", "config", "check"]
FILE = """
name = "Hallway"
data = "node"
[broker]
port = {port}
password = "geheim"
[[sensor]]
kind = "file"
id = "boiler"
name = "Boiler"
path = "{value}"
"""


def check(config: Path, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_CHECK, "--config", str(config), *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONUTF8": "1", **environ},
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "value").write_text("21.5\n")
    path = tmp_path / "alpaca.toml"
    path.write_text(FILE.format(port=free_port(), value=tmp_path / "value"))
    return path


def test_what_is_in_force_and_whence_is_shown(config: Path, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as server:
        result = check(config, HERDBOOK_BROKER_PORT=str(server.port))
    assert result.returncode == 0, result.stderr
    assert "geheim" not in result.stdout
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert 'name "Hallway" (file)' in lines
    assert 'broker.host "127.0.0.1" (default)' in lines
    assert f"broker.port {server.port} (HERDBOOK_BROKER_PORT)" in lines
    assert "broker.password (secret) (file)" in lines
    assert 'sensor.0.kind "file" (file)' in lines
    assert "sensor.0.interval 30.0 (default)" in lines
    assert "works  Boiler: 21.5" in result.stderr
    assert not (tmp_path / "node").exists(), "it makes nothing"


def test_what_does_not_work_is_told_from_what_cannot(config: Path, tmp_path: Path) -> None:
    (tmp_path / "value").unlink()
    alone = check(config, "--json")
    assert alone.returncode == 1
    found = json.loads(alone.stdout)
    assert found["file"] == str(config)
    assert {"key": "broker.password", "value": "(secret)", "source": "file"} in found["settings"]
    broker, boiler = found["tried"]
    assert "nobody listens there" in broker["words"]
    assert boiler["works"] is False
    wrong = check(config, HERDBOOK_BROKER_POTR="1")
    assert wrong.returncode == 2
    assert "The nearest is HERDBOOK_BROKER_PORT" in wrong.stderr


def test_a_missing_authority_is_a_thing_that_fails(config: Path) -> None:
    result = check(config, HERDBOOK_BROKER_TLS="true", HERDBOOK_BROKER_CA="/nowhere.pem")
    assert result.returncode == 1
    assert "FAILS  Settings: Cannot use the certificate /nowhere.pem" in result.stderr
