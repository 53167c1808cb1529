"""The control socket of a real node, and that docs/node-api.md says what it answers."""

import asyncio
import json
import re
import stat
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from herdbook.alpaca import agent
from herdbook.alpaca.page.control import control_app
from herdbook.errors import LogInUse
from tests.alpaca.page.stage import HOSTILE, Stage, config_of, stage
from tests.alpaca.remembering import AIRED, WRONG, remember
from tests.mosquitto import free_port

DOCS = (Path(__file__).parents[3] / "docs" / "node-api.md").read_text("utf-8")
MAYBE = {"trouble", "waiting", "value", "unit", "usual", "fault", "at"}


def example(heading: str) -> Any:
    """The first example below a heading."""
    after = DOCS[DOCS.index(heading) :]
    found = re.search(r"```json\n(.*?)```", after, re.DOTALL)
    assert found
    return json.loads(found[1])


def shape(value: Any, name: str = "") -> Any:
    """The members and types of JSON; of a list, those of its first item."""
    if isinstance(value, dict):
        return {key: shape(one, key) for key, one in value.items()}
    if name in MAYBE:
        return "something or null"
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


async def test_every_answer_is_as_documented(node: Stage) -> None:
    node.write(95)
    await node.until("/v1/observations", "above_usual")
    for method, path in (
        ("GET", "/v1/status"),
        ("GET", "/v1/sensors"),
        ("GET", "/v1/observations"),
        ("POST", "/v1/observe"),
    ):
        status, answer = await node.ask(method, path)
        assert status == 200
        assert shape(answer) == shape(example(f"`{method} {path}`")), path


async def test_it_says_what_it_sees(node: Stage) -> None:
    _, status = await node.ask("GET", "/v1/status")
    assert (status["node_id"], status["name"]) == (node.node_id, "Hallway <b>")
    assert (status["sensors"], status["unavailable"]) == (2, 1)
    assert (status["way"], status["connected"], status["llama"]) == ("broker", False, "offline")
    assert "nobody listens there" in status["trouble"]
    assert status["model"] == {"state": "off", "reason": ""}
    assert status["waiting"] is None
    assert 0 < status["disk_free"] < status["disk_size"]
    assert status["log_size"] > 0
    _, answer = await node.ask("GET", "/v1/sensors")
    boiler, lost = answer["sensors"]
    assert (boiler["value"], boiler["unit"], boiler["fault"]) == (50.0, "°C", None)
    assert (lost["name"], lost["value"]) == (HOSTILE, None)
    assert "No such file" in lost["fault"]


async def test_asked_it_reads_at_once_and_logs_what_it_sees(node: Stage) -> None:
    node.write(61.5)
    status, answer = await node.ask("POST", "/v1/observe")
    assert status == 200
    [made] = answer["observations"]
    assert made["kind"] == "asked"
    assert made["sentence"] == f"Now: Boiler 61.5 °C, {HOSTILE} without a reading."
    _, answer = await node.ask("GET", "/v1/observations?limit=1")
    [logged] = answer["observations"]
    assert logged["sentence"] == made["sentence"]


async def test_what_it_noticed_is_recalled_beside_what_it_remembers(tmp_path: Path) -> None:
    await remember(tmp_path / "node")
    async with stage(tmp_path) as node:
        node.write(95)
        [noticed] = (await node.until("/v1/observations", "above_usual"))["observations"]
        _, answer = await node.ask("POST", "/v1/recall", b'{"words": "boiler"}')
        assert answer["observations"] == [noticed]
        assert shape(answer["observations"]) == shape(example("`POST /v1/recall`")["observations"])


async def test_what_a_node_has_not_is_said(node: Stage) -> None:
    status, answer = await node.ask("GET", "/v1/thoughts")
    assert (status, answer["code"]) == (404, "not_here")
    assert shape(answer) == shape(example("## Errors"))
    status, answer = await node.ask("GET", "/v1/nothing")
    assert (status, answer["code"]) == (404, "http")


async def test_what_it_remembers_is_found(tmp_path: Path) -> None:
    await remember(tmp_path / "node")
    async with stage(tmp_path) as node:
        _, answer = await node.ask("GET", "/v1/memories")
        assert shape(answer) == shape(example("`GET /v1/memories`"))
        [wrong, aired] = answer["memories"]
        assert (wrong["sentence"], wrong["review"]) == (WRONG, "wrong")
        assert (aired["sentence"], aired["review"], aired["confidence"]) == (AIRED, "proposed", 0.8)
        assert len((await node.ask("GET", "/v1/memories?limit=1"))[1]["memories"]) == 1
        _, answer = await node.ask("POST", "/v1/recall", b'{"words": "aired"}')
        assert answer == {"memories": [aired], "observations": []}
        _, answer = await node.ask("POST", "/v1/recall", b'{"words": "landlord"}')
        assert answer == {"memories": [], "observations": []}, "what was called wrong is not found"
        async with node.browser() as browser:
            async with browser.get("/") as page:
                assert 'href="/memories"' in await page.text()
                assert 'href="/thoughts"' not in await page.text()
            async with browser.get("/memories") as page:
                shown = await page.text()
            assert AIRED in shown
            assert "herd’s page of the Llama" in shown, "where they are judged"
            assert shown.index("is-dismissed") < shown.index(WRONG) < shown.index(AIRED)
            async with browser.get("/thoughts") as page:
                assert page.status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/observations?limit=0", None, 422),
        ("GET", "/v1/observations?limit=1001", None, 422),
        ("GET", "/v1/observations?limit=0000000019999999999999999999", None, 422),
        ("GET", f"/v1/observations?limit={'0' * 5000}1", None, 422),
        ("GET", "/v1/observations?limit=²", None, 422),
        ("GET", "/v1/observations?limit=-1", None, 422),
        ("POST", "/v1/recall", b"", 422),
        ("POST", "/v1/recall", b"[" * 10_000, 422),
        ("POST", "/v1/recall", b'{"words": "\xff"}', 422),
        ("POST", "/v1/recall", b'{"words": ""}', 422),
        ("POST", "/v1/recall", b'{"words": "%s"}' % (b"x" * 20_000), 413),
        ("GET", "/v1/observe", None, 405),
    ],
)
async def test_what_cannot_be_used_is_refused(
    node: Stage, method: str, path: str, body: bytes | None, status: int
) -> None:
    got, answer = await node.ask(method, path.replace("²", "%C2%B2"), body)
    assert (got, set(answer)) == (status, {"code", "message", "fix"})


async def test_the_socket_is_its_owners_alone_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    for _ in range(2):
        async with stage(tmp_path) as node:
            place = node.data / "alpaca.sock"
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
            assert stat.S_IMODE(node.data.stat().st_mode) == 0o700
            with pytest.raises(LogInUse):
                await agent.run(config_of(tmp_path, None), on_ready=lambda _: None)
            assert (await node.ask("GET", "/v1/status"))[0] == 200, "it is still the first one's"
        with pytest.raises(ConnectionRefusedError):
            await node.ask("GET", "/v1/status")


async def test_no_web_server_is_in_memory_before_somebody_asks(tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("50")
    config = tmp_path / "alpaca.toml"
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {free_port()}\n'
        f"[page]\nport = {free_port()}\n"
        f'[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "{value}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert b"ready" in await process.stdout.readline()
        maps = Path(f"/proc/{process.pid}/maps")
        before = await asyncio.to_thread(maps.read_text)
        asked = Stage(tmp_path, None, "")  # type: ignore[arg-type]
        assert (await asked.ask("GET", "/v1/status"))[0] == 200
        after = await asyncio.to_thread(maps.read_text)
    finally:
        process.terminate()
        await process.wait()
    # Its parts in C show which are loaded.
    assert "/aiohttp/" not in before
    assert "/markupsafe/" not in before
    assert "/aiohttp/" in after
    assert "/markupsafe/" not in after, "the page, nobody has asked for"


async def test_a_question_is_given_up_when_who_asked_has_gone(tmp_path: Path) -> None:
    class Slow:
        """A mind that thinks for ever."""

        def __init__(self) -> None:
            self.asked = asyncio.Event()
            self.left = asyncio.Event()

        async def ask(self, question: str) -> None:
            self.asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.left.set()

    mind = Slow()
    runner = web.AppRunner(control_app(cast(Any, None), cast(Any, mind)))
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "sock")).start()
    _, writer = await asyncio.open_unix_connection(str(tmp_path / "sock"))
    body = b'{"words": "Set the valve."}'
    writer.write(
        b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    async with asyncio.timeout(5):
        await mind.asked.wait()
        writer.close()
        await mind.left.wait()
    await runner.cleanup()
