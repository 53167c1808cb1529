"""What a day begins with."""

from datetime import timedelta

from tests.llama.panel.stage import Browser, Stage

HOSTILE = "</textarea><script>alert(1)</script>"


async def test_an_empty_day_offers_its_weekdays_lines(set_up: Stage, ada: Browser) -> None:
    today = set_up.today
    day = f"/day/{today}"
    assert "?begin=1" not in await ada.page(day), "none are written"
    answer = await ada.post(
        "/weekdays", {f"weekday_{today.weekday()}": f"How was it?\r\n{HOSTILE}"}
    )
    page = await answer.text()
    assert "Saved." in page
    assert "Saved." not in await ada.page("/weekdays"), "said once"
    escaped = "How was it?\n&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;</textarea>"
    assert escaped in page
    offer = await ada.page(day)
    assert "Begin with the lines for Monday" in offer
    assert "How was it?" not in offer, "nothing is written by itself"
    begun = await ada.page(f"{day}?begin=1")
    assert escaped in begun
    assert "Begin with" not in begun
    assert "?begin=1" not in await ada.page(f"/day/{today + timedelta(days=1)}"), "no Monday"
    assert "?begin=1" in await ada.page(f"/day/{today + timedelta(days=7)}")
    await ada.post(f"{day}/draft", {"text": "own words", "key": "a" * 32, "writer": "b" * 32})
    assert "own words</textarea>" in await ada.page(f"{day}?begin=1"), "a draft comes first"
    await ada.post(f"{day}/entries", {"text": "own words", "key": "a" * 32})
    assert "How was it?" not in await ada.page(f"{day}?begin=1"), "it has begun"


async def test_what_is_too_long_is_refused(ada: Browser) -> None:
    answer = await ada.post("/weekdays", {"weekday_0": "x" * 10_001})
    assert answer.status == 422
    assert "10,000 characters" in await answer.text()


async def test_lines_are_out_of_reach_at_a_locked_vault(set_up: Stage, ada: Browser) -> None:
    await ada.post("/weekdays", {"weekday_0": "secret question"})
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await ada.get("/weekdays")).url.path == f"/day/{set_up.today}"
    assert "secret question" not in await ada.page(f"/day/{set_up.today}?begin=1")
    answer = await ada.post("/weekdays", {"weekday_0": "other words"})
    assert answer.status == 423
    assert "other words" in await answer.text(), "what was written is not lost"
