import re
from pathlib import Path

import pytest

from herdbook.errors import BatchRefused
from herdbook.eventlog.event import THOUGHT, ThoughtPayload, encode_payload
from herdbook.eventlog.messages import Hello
from herdbook.ids import fingerprint_of, node_id_of
from herdbook.llama.herd.ways import Ways
from tests.house.household import fact
from tests.llama.panel.herd_stage import herd_of
from tests.llama.panel.stage import HTMX, Browser, Stage, stage
from tests.llama.panel.test_settings import FORM

NODE = node_id_of(b"a public key")


async def test_an_empty_herd_says_how_to_begin(ada: Browser) -> None:
    assert "No node has said hello yet" in await ada.page("/herd")


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        (Ways("none", http=True), "There is no MQTT broker: nodes come by HTTP"),
        (Ways("none", http=False), "No node can reach this Llama"),
        (Ways("away", http=True), "The MQTT broker does not answer"),
    ],
)
async def test_how_nodes_come_is_said_where_it_is_not_as_usual(
    tmp_path: Path, ways: Ways, words: str
) -> None:
    async with stage(tmp_path, ways=ways) as set_up, set_up.browser() as browser:
        await set_up.person()
        await browser.sign_in()
        page = await browser.page("/herd")
        assert words in page
        assert ("point it at the same broker" in page) is (ways.broker != "none")


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_a_node_waits_until_it_is_approved(
    set_up: Stage, ada: Browser, headers: dict[str, str]
) -> None:
    await set_up.book.hello(NODE, Hello("Hall <way>", "0.1.0", 3))
    page = await ada.page("/herd")
    assert "Waiting for you" in page
    assert "Hall &lt;way&gt;" in page
    assert fingerprint_of(NODE) in page
    assert "Part of the herd" not in page

    answer = await ada.post(f"/herd/{NODE}/approve", headers=headers)
    page = await answer.text()
    assert answer.status == 200
    assert "Part of the herd" in page
    assert "Waiting for you" not in page
    assert ("<html" in page) is not headers
    row = await set_up.book.node(NODE)
    assert row is not None
    assert row.approved


async def test_a_known_name_with_a_new_key_is_a_new_node_and_says_so(
    set_up: Stage, ada: Browser
) -> None:
    hallway, _ = await herd_of(set_up)
    warning = "so it is a new node"
    assert warning not in await ada.page("/herd")
    await set_up.book.hello(NODE, Hello(" hallway", "0.1.0", 3))
    assert warning in await ada.page("/herd")
    row = await set_up.book.node(NODE)
    assert row is not None
    assert row.namesake
    known = await set_up.book.node(hallway.node_id)
    assert known is not None
    assert not known.namesake, "who was there first is who they were"
    await set_up.book.rename(hallway.node_id, "Ground floor")
    await set_up.book.hello(NODE, Hello("Ground floor", "0.1.0", 4))
    assert warning in await ada.page("/herd"), "also by the name that people gave"
    await set_up.book.approve(NODE)
    assert warning not in await ada.page("/herd")


async def test_a_node_nobody_knows_cannot_be_approved(ada: Browser) -> None:
    answer = await ada.post(f"/herd/{NODE}/approve", headers=HTMX)
    assert answer.status == 404
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "No node of that id" in await answer.text()


async def test_a_stranger_approves_nothing(set_up: Stage, browser: Browser) -> None:
    await set_up.person()
    await set_up.book.hello(NODE, Hello("Hallway", "0.1.0", 3))
    assert (await browser.post(f"/herd/{NODE}/approve")).url.path == "/sign-in"
    row = await set_up.book.node(NODE)
    assert row is not None
    assert not row.approved


async def test_a_node_tells_how_it_is(set_up: Stage, ada: Browser) -> None:
    hallway, attic = await herd_of(set_up)
    page = await ada.page("/herd")
    assert "Number 1." in page
    assert "Never set" in page
    for node in (hallway, attic):
        assert f'href="/herd/{node.node_id}"' in page
    await set_up.book.hello(hallway.node_id, Hello("Hallway", "0.2.0", hallway.seq + 12))
    page = await ada.page(f"/herd/{hallway.node_id}")
    assert re.search(r"Events still to come</dt><dd>12<", page)
    assert "0.2.0" in page
    assert "Room temperature" in page
    assert re.search(r'<path d="M\d', page)
    assert re.search(r'<data value="\d\d\.\d">\d\d\.\d.°C</data>', page)
    page = await ada.page(f"/herd/{attic.node_id}")
    assert "about 1 January 1970" in page


@pytest.mark.parametrize(("span", "rows"), [("day", 20), ("week", 3), ("quarter", 3)])
async def test_a_sensor_is_drawn_and_told_in_a_table(
    set_up: Stage, ada: Browser, span: str, rows: int
) -> None:
    hallway, _ = await herd_of(set_up)
    series = {one.sensor: one.id for one in await set_up.book.series(hallway.node_id)}
    page = await ada.page(f"/herd/{hallway.node_id}/sensor/{series['room_temperature']}/{span}")
    assert page.count('role="img"') == 2, "for wide and for narrow screens"
    assert page.count("<title id=") == page.count("<desc id=") == 2
    assert page.count("<tr>") - 1 == rows
    assert "style=" not in page
    count = re.search(r"Readings: ([\d,]+)\.", page)
    assert count
    told = sum(map(int, re.findall(r"<td>(\d+)</td>\s*</tr>", page)))
    assert int(count[1].replace(",", "")) == told
    door = await ada.page(f"/herd/{hallway.node_id}/sensor/{series['front_door']}/{span}")
    assert re.search(r"Yes \d+ % of the time", door)


async def test_a_sensor_is_called_what_people_call_it_and_its_id_stands_beside(
    set_up: Stage, ada: Browser
) -> None:
    hallway, _ = await herd_of(set_up)
    now = set_up.clock.wall_ms()
    await hallway.measure((now, 21.0), sensor="room_temperature", name="Salon <warm>")
    await hallway.tell(fact(hallway, "always", "room_temperature", "usual_hours"))
    series = {one.sensor: one.id for one in await set_up.book.series(hallway.node_id)}
    small = '<small class="sensor-id"><bdi translate="no">room_temperature</bdi></small>'
    chart = await ada.page(f"/herd/{hallway.node_id}/sensor/{series['room_temperature']}/day")
    assert "<title>Salon &lt;warm&gt;" in chart
    found = await (await ada.post("/herd/recall", {"query": "salon"})).text()
    facts = await (await ada.post("/herd/recall", {"query": "always"})).text()
    for page in (
        await ada.page(f"/herd/{hallway.node_id}"),
        chart,
        await ada.page("/herd"),
        found,
        facts,
    ):
        assert "Salon &lt;warm&gt;" in page
        assert small in page
        assert "Room temperature" not in page
    door = await ada.page(f"/herd/{hallway.node_id}/sensor/{series['front_door']}/day")
    assert "Front door" in door, "whose name was not told"
    assert "sensor-id" not in door


async def test_readings_without_a_time_are_counted_and_not_drawn(
    set_up: Stage, ada: Browser
) -> None:
    _, attic = await herd_of(set_up)
    [series] = await set_up.book.series(attic.node_id)
    page = await ada.page(f"/herd/{attic.node_id}/sensor/{series.id}/day")
    assert "Nothing was read in this time" in page
    assert "clock was not set, and so in no chart: 2." in page
    told = {"clock_quality": "unknown", "boot_id": "c"}
    at = set_up.clock.wall_ms() - 60_000
    await attic.measure((at, 5.0), sensor="attic_humidity", unit="%", **told)
    page = await ada.page(f"/herd/{attic.node_id}/sensor/{series.id}/day")
    assert "nobody has checked the node’s clock yet: 1." in page


async def test_a_sensor_of_another_node_is_none_of_this_one(set_up: Stage, ada: Browser) -> None:
    hallway, attic = await herd_of(set_up)
    [series] = await set_up.book.series(attic.node_id)
    await ada.page(f"/herd/{hallway.node_id}/sensor/{series.id}/day", 404)
    await ada.page(f"/herd/{hallway.node_id}/sensor/999999/day", 404)
    await ada.page(f"/herd/{hallway.node_id}/sensor/{series.id}/century", 404)
    gone = await ada.page(f"/herd/{'x' * 26}", 404)
    assert re.search(r'href="/herd"[^>]*>All nodes<', gone), "from where there is nothing to see"


async def test_what_was_refused_is_said_with_its_reason(set_up: Stage, ada: Browser) -> None:
    await herd_of(set_up)
    await set_up.book.refuse("y" * 26, "brand_new_reason", b"<script>")
    page = await ada.page("/herd")
    for words in ("Not signed by the node it names", "Not readable", "Came too early"):
        assert words in page
    assert "brand_new_reason" in page, "a reason without words is said as it is"
    assert "Cellar" in page
    assert "<script>" not in page


async def test_a_node_is_called_what_people_call_it(set_up: Stage, ada: Browser) -> None:
    hallway, _ = await herd_of(set_up)
    answer = await ada.post(f"/herd/{hallway.node_id}/rename", {"name": "  Ground <floor> "})
    assert answer.url.path == f"/herd/{hallway.node_id}"
    assert "Ground &lt;floor&gt;" in await answer.text()
    last = await set_up.book.last_observation()
    assert last is not None
    assert last.node_name == "Ground <floor>"
    for wrong in ("x" * 65, "two\nlines"):
        refused = await ada.post(f"/herd/{hallway.node_id}/rename", {"name": wrong})
        assert refused.status == 422
    await ada.post(f"/herd/{hallway.node_id}/rename", {"name": " "})
    assert "Ground" not in await ada.page("/herd")


async def test_a_node_goes_and_what_it_told_stays_or_goes_too(set_up: Stage, ada: Browser) -> None:
    hallway, attic = await herd_of(set_up)
    path = f"/herd/{hallway.node_id}/let-go"
    assert (await ada.post(path, {"data": "perhaps"})).status == 422
    page = await (await ada.post(path, {"data": "keep"})).text()
    assert "No longer in the herd" in page
    with pytest.raises(BatchRefused):
        await hallway.tell(hallway.event())
    assert len(await set_up.book.series(hallway.node_id)) == 2
    await ada.post(f"/herd/{hallway.node_id}/approve")
    assert "No longer in the herd" not in await ada.page("/herd")

    await ada.post(path, {"data": "erase"})
    assert "Hallway" not in await ada.page("/herd")
    for table in ("series", "block", "rollup", "observation", "position", "node"):
        rows = set_up.book._connection.execute(f"SELECT * FROM {table}").fetchall()
        left = {"block": 1, "series": 1, "observation": 1, "position": 3, "node": 2}
        assert len(rows) == left.get(table, 0), table
    assert await set_up.book.series(attic.node_id)


async def test_what_contradicts_itself_is_shown_until_somebody_judges(
    set_up: Stage, ada: Browser
) -> None:
    await herd_of(set_up)
    page = await ada.page("/herd")
    assert page.count("These do not agree") == 1
    assert page.index("These do not agree") < page.index("Bathroom")
    assert "Attic, Hallway, " in page, "who tell the same"
    topic = (await set_up.book.topics())[0]
    form = {"topic": topic.topic, "answer": "an hour", "verdict": "wrong"}
    part = await (await ada.post("/herd/memories", form, headers=HTMX)).text()
    assert "<html" not in part
    assert "Dismissed" in part
    assert "These do not agree" not in part
    assert (await ada.post("/herd/memories", form | {"verdict": ""})).url.path == "/herd"
    assert "These do not agree" in await ada.page("/herd")
    assert (await ada.post("/herd/memories", form | {"verdict": "true"})).status == 422


async def test_what_waits_for_judgement_comes_first_and_is_bounded(
    set_up: Stage, ada: Browser
) -> None:
    hallway, _ = await herd_of(set_up)
    await hallway.tell(*(fact(hallway, "slow", f"pipe {number}") for number in range(60)))
    page = await ada.page("/herd")
    assert page.count('<li class="topic') == 50
    assert "More of them: 12." in page
    assert "Judged already" not in page
    form = {"topic": "bathroom\x1fairing", "answer": "20 minutes", "verdict": "kept"}
    part = await (await ada.post("/herd/memories", form, headers=HTMX)).text()
    assert "Judged already: 1" in part
    assert part.index("Judged already") < part.index("Bathroom")
    assert "More of them: 11." in part


async def test_what_was_put_off_waits_behind_the_rest(set_up: Stage, ada: Browser) -> None:
    hallway, _ = await herd_of(set_up)
    await hallway.tell(fact(hallway, "oak", "armchair", "wood"), fact(hallway, "pine", "zither"))
    form = {"topic": "armchair\x1fwood", "answer": "oak", "verdict": "later"}
    page = await ada.page("/herd")
    assert page.index("Armchair") < page.index("Zither")
    part = await (await ada.post("/herd/memories", form, headers=HTMX)).text()
    assert part.index("Armchair") > part.index("Zither")
    assert "Left for later" in part
    assert "Judged already" not in part
    later = part[part.index("Armchair") :]
    assert re.findall(r'name="verdict" value="(\w*)"', later) == ["kept", "wrong"], "at once"


async def test_what_models_did_is_seen_by_who_has_ai(set_up: Stage, ada: Browser) -> None:
    hallway, _ = await herd_of(set_up)
    assert "What models" not in await ada.page("/herd")
    thoughts = [
        ThoughtPayload("c1", 1, "ask", "Is it warm?", "", False),
        ThoughtPayload("c1", 2, "get_recent_messages", "{}", "<script>alert(1)</script>", True),
        ThoughtPayload("c1", 3, "read_source", '{"tool":"read_source","source":"b"}', "", True),
        ThoughtPayload("c1", 4, "of_a_newer_node", "", "", True),
        ThoughtPayload("c1", 5, "answer", "It is.", "", True),
    ]
    await hallway.tell(
        *(hallway.event(kind=THOUGHT, payload=encode_payload(one)) for one in thoughts)
    )
    page = await ada.page("/herd")
    assert page.index("Is it warm?") < page.index("Read messages") < page.index("It is.")
    assert "<script>alert" not in page
    assert "source: b" in page
    assert '"read_source"' not in page, "no JSON"
    assert "of_a_newer_node" in page
    assert page.count("It had read what others may have written.") == 4
    # The form without its “ai” ticked.
    await ada.post("/settings", FORM)
    assert "What models" not in await ada.page("/herd")


async def test_a_stranger_changes_no_node(set_up: Stage, browser: Browser) -> None:
    await set_up.person()
    hallway, _ = await herd_of(set_up)
    for path, form in (("rename", {"name": "Mine"}), ("let-go", {"data": "erase"})):
        answer = await browser.post(f"/herd/{hallway.node_id}/{path}", form)
        assert answer.url.path == "/sign-in"
    row = await set_up.book.node(hallway.node_id)
    assert row is not None
    assert (row.name, row.approved) == ("Hallway", True)
