"""The commands that ask a node, and a real node that runs: each a process."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.alpaca.page.test_control import example, shape
from tests.alpaca.remembering import AIRED, remember
from tests.fakes.ollama_double import OllamaDouble, ollama_double
from tests.mosquitto import Mosquitto, free_port

_ALPACA = [sys.executable, "-m", "herdbook.cli.main", "alpaca"]


@contextmanager
def running(folder: Path, more: str = "", broker: str = "") -> Iterator[Path]:
    """A node whose file says `more`; gives the file. Without a `broker` nobody listens."""
    config = folder / "alpaca.toml"
    (folder / "value").write_text("50")
    broker = broker or f"[broker]\nport = {free_port()}"
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n{broker}\n{more}\n'
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
        assert (found.returncode, found.stdout) == (0, f"{AIRED} (proposed)\n"), found.stderr
        nothing = "Nothing was noticed, and nothing is remembered of it.\n"
        assert asked(config, "recall", "landlord").stdout == nothing


def model(double: OllamaDouble, *steps: dict[str, str]) -> str:
    double.answers = [json.dumps(step) for step in steps]
    return (
        f'[model]\nengine = "ollama"\nmodel = "tiny"\nmemory = 0\nseconds = 3\nurl = "{double.url}"'
    )


async def test_a_question_to_its_model_that_reads_what_others_wrote(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    publish = ["mosquitto_pub", "-p", str(mosquitto.port), "-r", "-t", "shed/pump", "-m", "21.5"]
    await asyncio.to_thread(subprocess.run, publish, check=True, timeout=20)
    broker = f"[broker]\nport = {mosquitto.port}"
    listening = '[[sensor]]\nkind = "mqtt"\nid = "pump"\nname = "Pump"\ntopic = "shed/pump"'
    async with ollama_double() as double:
        steps = ({"tool": "get_recent_messages"}, {"tool": "answer", "text": "It is 21.5."})
        more = f"{model(double, *steps)}\n{listening}"
        with running(tmp_path, more, broker) as config:
            async with asyncio.timeout(20):
                while "21.5" not in (await ask(config, "sensors")).stdout:
                    pass
            found = await ask(config, "ask", "how", "is", "the pump", "--json")
            assert found.returncode == 0, found.stderr
            answer = json.loads(found.stdout)
            assert answer == {"text": "It is 21.5.", "steps": 2, "read_others": True}
            assert shape(answer) == shape(example("`POST /v1/ask`"))
            assert "shed/pump" in str(double.asked[-1]["messages"][-1]), "it read the message"
            assert (await ask(config, "ask", "again")).stdout == "It is 21.5.\n"


async def test_why_there_is_no_answer_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as config:
        none = await ask(config, "ask", "anything")
    assert (none.returncode, none.stderr) == (
        2,
        "herdbook: This node has no model. Name one under [model] in its alpaca.toml, "
        "and start it again.\n",
    )
    async with ollama_double() as double:
        more = model(double, {"tool": "answer", "text": "late"})
        double.hold.clear()
        with running(tmp_path, more) as config:
            slow = await ask(config, "ask", "anything")
            double.hold.set()
        assert slow.returncode == 1
        assert "No answer within 3 seconds" in slow.stderr
        dead = more.replace(double.url, f"http://127.0.0.1:{free_port()}")
    with running(tmp_path, dead) as config:
        down = await ask(config, "ask", "anything")
        assert (down.returncode, "Traceback" in down.stderr) == (1, False), down.stderr
        assert "Model     down: " in (await ask(config, "status")).stdout


async def test_a_node_that_is_stopped_over_a_question_says_so_and_stops_soon(
    tmp_path: Path,
) -> None:
    async with ollama_double() as double:
        more = model(double, {"tool": "answer", "text": "late"}).replace("= 3", "= 300")
        double.hold.clear()
        with running(tmp_path, more) as config:
            asking = asyncio.create_task(ask(config, "ask", "anything"))
            async with asyncio.timeout(20):
                while not double.asked:
                    await asyncio.sleep(0.01)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5
        stopped = await asking
    assert (stopped.returncode, stopped.stderr) == (
        1,
        "herdbook: The node stops. Ask again when it runs.\n",
    )


async def test_who_gives_up_ends_the_question(tmp_path: Path) -> None:
    async with ollama_double() as double:
        more = model(double, {"tool": "observe"})
        double.hold.clear()
        with running(tmp_path, more.replace("seconds = 3", "seconds = 60")) as config:
            asking = await asyncio.create_subprocess_exec(
                *_ALPACA, "ask", "anything", "--config", config, stderr=subprocess.PIPE
            )
            async with asyncio.timeout(30):
                while not double.asked:
                    await asyncio.sleep(0.05)
                asking.send_signal(signal.SIGINT)
                _, said = await asking.communicate()
                assert (asking.returncode, b"Traceback" in said) == (130, False)
                while not double.given_up:
                    await asyncio.sleep(0.05)


async def ask(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(asked, config, *words)
