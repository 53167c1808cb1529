"""Which alpaca.toml is meant by a command that does not say, run as a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FILE = 'name = "{0}"\ndata = "{0}"\n[[sensor]]\nkind = "system"\n'


class Place:
    """A working directory, a home, and the environment of a command."""

    def __init__(self, folder: Path) -> None:
        self.here = folder / "here"
        self.home = folder / "home"
        self.here.mkdir()
        (self.home / ".config" / "herdbook").mkdir(parents=True)
        self.environ = {"HOME": str(self.home)}

    def write(self, path: Path) -> Path:
        path.write_text(FILE.format(path.parent.name))
        return path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "herdbook.cli.main", "alpaca", "id", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.here,
            env=self.environ,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_there_is_is_taken_and_said(place: Place, tmp_path: Path) -> None:
    in_home = place.write(place.home / ".config" / "herdbook" / "alpaca.toml")
    assert f"those of {in_home}." in place.run().stderr
    place.write(place.here / "alpaca.toml")
    assert "those of alpaca.toml." in place.run().stderr
    named = place.write(tmp_path / "other.toml")
    place.environ["HERDBOOK_CONFIG"] = str(named)
    assert f"those of {named}." in place.run().stderr
    told = place.run("--config", str(in_home))
    assert told.stderr == "", "it need not be told what it said"
    assert told.returncode == 0


def test_a_named_file_that_is_missing_is_not_replaced_by_another(place: Place) -> None:
    place.write(place.here / "alpaca.toml")
    place.environ["HERDBOOK_CONFIG"] = "missing.toml"
    result = place.run()
    assert result.returncode == 2
    assert "Cannot read missing.toml" in result.stderr


def test_without_any_the_way_to_one_is_said(place: Place) -> None:
    result = place.run()
    assert result.returncode == 2
    for looked in (place.here / "alpaca.toml", place.home / ".config", "/etc/herdbook"):
        assert str(looked) in result.stderr
    assert "herdbook alpaca init" in result.stderr


def test_an_environment_alone_is_enough(place: Place, tmp_path: Path) -> None:
    place.environ |= {
        "HERDBOOK_NAME": "Hallway",
        "HERDBOOK_DATA": str(tmp_path / "data"),
        "HERDBOOK_SENSOR_0_KIND": "system",
    }
    result = place.run("--json")
    assert "those of the environment alone" in result.stderr
    assert set(json.loads(result.stdout)) == {"node_id", "fingerprint"}
    assert (tmp_path / "data" / "identity.key").exists()
