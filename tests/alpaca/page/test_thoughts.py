"""What a node's model did, as its own page and its socket show it."""

from pathlib import Path

from herdbook.alpaca.record import Record
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.clock import SystemClock
from herdbook.eventlog.event import THOUGHT, ThoughtPayload
from tests.alpaca.page.stage import stage
from tests.alpaca.page.test_control import example, shape
from tests.mosquitto import free_port

MODEL = NodeModel(engine="openai", url=f"http://127.0.0.1:{free_port()}", memory=0)
READ = '{"tool":"read_source","source":"<i>boiler</i>"}'
THOUGHTS = (
    ThoughtPayload("c1", 1, "ask", "Is it warm?", "", False),
    ThoughtPayload("c1", 2, "read_source", READ, '{"done":{"value":42.5},"refused":null}', False),
    ThoughtPayload("c1", 3, "answer", "It is 42.5 °C.", "", False),
    ThoughtPayload("c2", 1, "ask", "And now?", "", False),
    ThoughtPayload("c2", 2, "no_answer", "", "No model answers.", True),
)


async def test_questions_stand_over_their_steps_the_newest_first(tmp_path: Path) -> None:
    record = await Record.open(tmp_path / "node", SystemClock())
    for thought in THOUGHTS:
        await record.append(THOUGHT, thought)
    await record.close()
    async with stage(tmp_path, model=MODEL) as node:
        _, answer = await node.ask("GET", "/v1/thoughts")
        assert shape(answer) == shape(example("`GET /v1/thoughts`"))
        assert [one["tool"] for one in answer["thoughts"]][-2:] == ["read_source", "ask"]
        async with node.browser() as browser, browser.get("/thoughts") as shown:
            page = await shown.text()
    words = ("And now?", "Gave no answer", "No model answers.", "It had read what others")
    words += ("Is it warm?", "Looked at a sensor", "source: &lt;i&gt;boiler", "value: 42.5")
    places = [page.index(one) for one in (*words, "Answered", "It is 42.5 °C.")]
    assert places == sorted(places)
    assert "&#34;" not in page, "no JSON"


async def test_where_nothing_was_asked_the_way_to_ask_is_said(tmp_path: Path) -> None:
    async with (
        stage(tmp_path, model=MODEL) as node,
        node.browser() as browser,
        browser.get("/thoughts") as shown,
    ):
        assert '<code dir="ltr" translate="no">herdbook alpaca ask</code>' in await shown.text()
