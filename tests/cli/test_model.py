"""``herdbook model fetch``: what it says, and that it needs to be told where to."""

import io
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdbook.cli.model import _Bar
from herdbook.embedding.fetch import SOURCE
from herdbook.errors import ConfigError
from herdbook.llama.config import load


def _fetch(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herdbook.cli.main", "model", "fetch", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_folder_has_to_be_named(tmp_path: Path) -> None:
    config = tmp_path / "llama.toml"
    config.write_text('data = "llama"\n')
    result = _fetch(config)
    assert result.returncode == 2
    assert "names no folder for a model" in result.stderr
    assert "[search]" in result.stderr
    assert list(tmp_path.iterdir()) == [config]


def test_nothing_is_fetched_where_ai_is_off(tmp_path: Path) -> None:
    config = tmp_path / "llama.toml"
    config.write_text('data = "llama"\nai = false\n[search]\nmodel = "model"\n')
    result = _fetch(config)
    assert result.returncode == 2
    assert "has AI switched off" in result.stderr
    assert "ai = false" in result.stderr
    assert list(tmp_path.iterdir()) == [config]


def test_what_comes_and_from_where_is_said_before_and_a_failure_after(tmp_path: Path) -> None:
    config = tmp_path / "llama.toml"
    source = "http://127.0.0.1:1/mirror"
    config.write_text(f'data = "llama"\n[search]\nmodel = "model"\nsource = "{source}"\n')
    result = _fetch(config)
    assert result.returncode == 2
    assert result.stdout == f"all-MiniLM-L6-v2, 90.9 MB, from {source}\n"
    assert f"{source}/config.json cannot be fetched" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "model").exists()


def test_stopped_by_hand_it_says_how_to_go_on(tmp_path: Path) -> None:
    config, begun = tmp_path / "llama.toml", tmp_path / "model.part" / "config.json"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config.write_text(
            f'data = "llama"\n[search]\nmodel = "model"\nsource = "http://127.0.0.1:{port}/files"\n'
        )
        with subprocess.Popen(
            [sys.executable, "-m", "herdbook.cli.main", "model", "fetch", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            answering, _ = silent.accept()
            with answering:
                answering.recv(4_096)
                answering.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 612\r\n\r\n{")
                deadline = time.monotonic() + 30
                while not begun.exists():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert said.strip().endswith("Stopped. Run it again, and it goes on from here.")
        assert "Traceback" not in said


@pytest.mark.parametrize("source", ["file:///etc", "ftp://mirror/files", "https://", "mirror"])
def test_only_http_is_an_address(tmp_path: Path, source: str) -> None:
    config = tmp_path / "llama.toml"
    config.write_text(f'data = "llama"\n[search]\nsource = "{source}"\n')
    with pytest.raises(ConfigError, match="source"):
        load(config)


def test_the_documented_address_is_the_default(tmp_path: Path) -> None:
    config = tmp_path / "llama.toml"
    config.write_text('data = "llama"\n')
    assert load(config).search.source == SOURCE
    guide = Path(__file__).parents[2] / "docs" / "guides" / "llama.md"
    assert SOURCE in guide.read_text("utf-8")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with _Bar() as bar:
        for done in (0, 1_000_000, 1_000_001, 2_000_000):
            bar.show(done, 2_000_000)
    first, half, whole = terminal.getvalue().split("\r")[1:]
    assert first == f"[{'.' * 30}]   0 %  0.0 MB of 2.0 MB"
    assert half == f"[{'#' * 15}{'.' * 15}]  50 %  1.0 MB of 2.0 MB"
    assert whole == f"[{'#' * 30}] 100 %  2.0 MB of 2.0 MB\n"


def test_elsewhere_there_is_a_line_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with _Bar() as bar:
        for percent in range(101):
            bar.show(percent, 100)
    assert len(capsys.readouterr().err.splitlines()) == 11
