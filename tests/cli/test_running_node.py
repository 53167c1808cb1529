"""The commands that ask a node, and a real node that runs: each a process."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.alpaca.remembering import AIRED, remember
from tests.mosquitto import free_port

_ALPACA = [sys.executable, "-m", "herdbook.cli.main", "alpaca"]


@contextmanager
def running(folder: Path, more: str = "") -> Iterator[Path]:
    """A node whose file says `more`; gives the file."""
    config = folder / "alpaca.toml"
    (folder / "value").write_text("50")
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {free_port()}\n{more}\n'
        f'[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "{folder / "value"}"\n'
    )
    process = subprocess.Popen(
        [*_ALPACA, "run", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        yield config
    finally:
        process.terminate()
        process.communicate(timeout=30)


def asked(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*_ALPACA, *words, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_what_it_remembers(tmp_path: Path) -> None:
    asyncio.run(remember(tmp_path / "node"))
    with running(tmp_path) as config:
        found = asked(config, "recall", "how", "long", "aired")
        assert (found.returncode, found.stdout) == (0, f"{AIRED}\n"), found.stderr
        assert asked(config, "recall", "landlord").stdout == "Nothing.\n"
