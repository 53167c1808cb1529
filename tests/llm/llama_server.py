"""A real llama-server for tests: a tiny model, a free port, stopped and started at will."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from tests.llm.tiny_model import write_tiny_model
from tests.mosquitto import free_port

_CACHE = Path(
    os.environ.get("HERDBOOK_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "herdbook"
)
_PROGRAM = _CACHE / "llama.cpp" / "usr" / "bin" / "llama-server"
_PATIENCE_S = 20.0


class LlamaServer:
    """One server process; it keeps its port. `start` returns once it answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        model = self._folder / "tiny.gguf"
        if not model.exists():
            write_tiny_model(model)
        command = [_PROGRAM, "-m", model, "--host", "127.0.0.1", "--port", str(self.port)]
        # One question at a time on one core; the template is its own, as the model has no habits.
        command += ["--offline", "-c", "4096", "--parallel", "1", "-t", "1"]
        command += ["--no-jinja", "--chat-template", "chatml"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE_S)
            self._process = None

    def log(self) -> str:
        return (self._folder / "server.log").read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False
