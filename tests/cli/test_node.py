"""The commands that ask a running node, as processes, and a socket with the documented shapes."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.cli.terminal import Terminal

_ALPACA = [sys.executable, "-m", "herdbook.cli.main", "alpaca"]
STATUS = {
    "node_id": "a" * 26,
    "fingerprint": "AAAA-AAAA",
    "name": "Hallway\x1b[2J",
    "version": "0.1.0",
    "now": "2026-11-21T19:00:00.000+00:00",
    "started": "2026-11-21T18:00:00.000+00:00",
    "clock": "synced",
    "way": "broker",
    "connected": False,
    "trouble": "No MQTT broker at 127.0.0.1:1883: nobody listens there.",
    "llama": "unapproved",
    "waiting": 12,
    "disk_size": 32 * 1024**3,
    "disk_free": 8 * 1024**3,
    "log_size": 1024,
    "sensors": 4,
    "unavailable": 1,
    "model": {"state": "down", "reason": "nobody listens at 127.0.0.1:11434"},
}
SENSORS = [
    {"id": "a", "name": "Boiler", "form": "number", "unit": "°C", "value": 21.5, "fault": None},
    {"id": "b", "name": "Door", "form": "binary", "unit": None, "value": 1, "fault": None},
    {"id": "c", "name": "Cellar", "form": "number", "unit": "%", "value": None, "fault": None},
    {"id": "d", "name": "Last restart", "form": "moment", "unit": None, "value": 0, "fault": None},
]
ASKED = {"sentence": "It is 21.5 °C, and the door is open."}
SEEN = {
    "at": "2026-11-21T18:30:00.000+00:00",
    "known": True,
    "sentence": "Boiler is 95 °C. It is usually between 20 and 90 °C.",
}
FACT = {"sentence": "The boiler is serviced in May.", "review": "kept", "confidence": 1.0}


class Node:
    """A data folder, a file that names it, and what answers on its socket."""

    def __init__(self, folder: Path) -> None:
        # A path that is longer than the address of a socket may be.
        self.data = folder / ("a long name of a folder " * 5)
        self.data.mkdir()
        self.config = folder / "alpaca.toml"
        self.config.write_text(
            f'name = "Hallway"\ndata = "{self.data}"\n[[sensor]]\nkind = "system"\n'
        )
        self.status: dict[str, Any] = STATUS
        self.sensors: list[dict[str, Any]] = [*SENSORS]
        self.asked: list[Any] = []

    def app(self) -> web.Application:
        async def status(_: web.Request) -> web.Response:
            return web.json_response(self.status)

        async def sensors(_: web.Request) -> web.Response:
            return web.json_response({"sensors": self.sensors})

        async def observe(_: web.Request) -> web.Response:
            return web.json_response({"observations": [ASKED]})

        async def recall(request: web.Request) -> web.Response:
            self.asked.append(await request.json())
            if self.asked[-1]["words"] == "nothing":
                return web.json_response({"memories": [], "observations": []})
            if self.asked[-1]["words"] == "too much":
                refusal = {"code": "invalid_input", "message": "Too much.", "fix": "Ask less."}
                return web.json_response(refusal, status=422)
            about = SEEN | {"known": False}
            return web.json_response({"memories": [FACT], "observations": [SEEN, about]})

        async def ask(_: web.Request) -> web.Response:
            return web.json_response({"text": "It is warm.", "steps": 2, "read_others": False})

        app = web.Application()
        app.router.add_get("/v1/status", status)
        app.router.add_get("/v1/sensors", sensors)
        app.router.add_post("/v1/observe", observe)
        app.router.add_post("/v1/recall", recall)
        app.router.add_post("/v1/ask", ask)
        return app

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, *rest = arguments
        return subprocess.run(
            [*_ALPACA, command, "--config", str(self.config), *rest],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"TZ": "UTC", "PYTHONUTF8": "1"},
        )


@pytest.fixture
def stopped(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.fixture
def node(stopped: Node) -> Iterator[Node]:
    """It answers from a thread, for the commands are waited for."""
    ready, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        runner = web.AppRunner(stopped.app())
        await runner.setup()
        folder = os.open(stopped.data, os.O_PATH)
        await web.UnixSite(runner, f"/proc/self/fd/{folder}/alpaca.sock").start()
        ready.set()
        await ended.wait()
        await runner.cleanup()
        os.close(folder)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield stopped
    loop.call_soon_threadsafe(ended.set)
    thread.join(20)
    loop.close()


def test_how_a_node_is(node: Node) -> None:
    result = node.run("status")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "Hallway�[2J, node AAAA-AAAA, Herdbook 0.1.0", "no terminal is steered"
    assert "Clock     right" in lines
    assert "not connected" in result.stdout
    assert "nobody listens there" in result.stdout
    assert "waits for a person to approve" in result.stdout
    assert "12 events wait" in result.stdout
    assert "Model     down: nobody listens at 127.0.0.1:11434" in lines
    assert "8.0 GiB of 32.0 GiB free" in result.stdout
    assert json.loads(node.run("status", "--json").stdout) == STATUS


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("offline", "not connected"),
        ("asking", "no Llama has answered yet"),
        ("unapproved", "waits for a person to approve this node"),
        ("sending", "in the herd"),
        ("diverged", "the Llama holds another history of this node"),
    ],
)
def test_how_it_stands_with_its_llama(node: Node, state: str, words: str) -> None:
    node.status = STATUS | {"llama": state}
    assert f"Herd      {words}" in node.run("status").stdout


def test_what_sensors_show(node: Node) -> None:
    result = node.run("sensors")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "Boiler        21.5 °C",
        "Door          on",
        "Cellar        not read yet",
        "Last restart  1970-01-01 00:00:00",
    ]
    node.sensors[2] = SENSORS[2] | {"fault": "Cellar does not answer."}
    at_fault = node.run("sensors")
    assert "Cellar        unavailable: Cellar does not answer." in at_fault.stdout
    assert at_fault.returncode == 1
    assert json.loads(node.run("sensors", "--json").stdout) == {"sensors": node.sensors}
    node.sensors[2] = SENSORS[2] | {"fault": "Cellar: its cable is out."}
    assert "Cellar        unavailable: its cable is out." in node.run("sensors").stdout


def test_it_says_what_it_sees_and_remembers(node: Node) -> None:
    assert node.run("observe").stdout == f"{ASKED['sentence']}\n"
    assert json.loads(node.run("observe", "--json").stdout) == {"observations": [ASKED]}
    assert node.run("recall", "the", "boiler").stdout.splitlines() == [
        f"{FACT['sentence']} (kept)",
        f" 2026-11-21 18:30:00  {SEEN['sentence']}",
        f"~2026-11-21 18:30:00  {SEEN['sentence']}",
    ]
    assert node.asked == [{"words": "the boiler"}]
    assert "nothing is remembered" in node.run("recall", "nothing").stdout
    refused = node.run("recall", "too much")
    assert refused.returncode == 2
    assert refused.stderr == "herdbook: Too much. Ask less.\n"


def test_who_waits_for_a_model_at_a_terminal_knows_what_for(node: Node) -> None:
    assert node.run("ask", "is it warm?").stdout == "It is warm.\n"
    assert "may take minutes" not in node.run("ask", "is it warm?").stderr
    with node.config.open("a") as file:
        file.write('[model]\nengine = "openai"\nurl = "http://127.0.0.1:1"\n')
    command = [*_ALPACA, "ask", "--config", str(node.config), "is it warm?"]
    with Terminal(command, node.config.parent, {"PYTHONUTF8": "1"}) as terminal:
        terminal.expect("may take minutes")
        terminal.expect("It is warm.")
        assert terminal.end() == 0


@pytest.mark.parametrize("command", [["status"], ["sensors"], ["observe"], ["recall", "x"]])
def test_where_no_node_runs_the_way_to_start_it_is_said(stopped: Node, command: list[str]) -> None:
    result = stopped.run(*command)
    assert result.returncode == 1
    assert f"No node runs in {stopped.data}" in result.stderr
    assert "herdbook alpaca run" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_answers_nonsense_is_no_node(stopped: Node) -> None:
    (stopped.data / "alpaca.sock").touch()
    result = stopped.run("status")
    assert result.returncode == 1
    assert "No node runs" in result.stderr
