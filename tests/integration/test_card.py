"""The dashboard card in a real browser, handed objects such as Home Assistant's frontend has."""

import copy
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error, Page, Route, async_playwright, expect

FRONTEND = Path("custom_components/herdbook/frontend")
ORIGIN = "http://home.invalid"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<style>
  body { margin: 0; background: #fafafa; font-family: sans-serif; --primary-color: #009ac7;
    --primary-text-color: #141414; --secondary-text-color: #5e5e5e; --divider-color: #e0e0e0; }
  ha-card { display: block; background: #fff; }
  main { padding: 16px; }
</style>
<main></main>
<script>customElements.define("home-assistant", class extends HTMLElement {});</script>
<script type="module" src="/card/herdbook-day-card.js"></script>
<script type="module">
  await customElements.whenDefined("herdbook-day-card");
  const card = document.createElement("herdbook-day-card");
  card.setConfig({ type: "custom:herdbook-day-card" });
  document.querySelector("main").append(card);
  window.card = card;
  window.opened = [];
  addEventListener("hass-more-info", (event) => window.opened.push(event.detail.entityId));
</script></html>"""

SENTENCE = "Living room CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm."


def entity(entity_id: str, key: str, state: str, **attributes: Any) -> tuple[Any, Any]:
    entry = {
        "entity_id": entity_id,
        "platform": "herdbook",
        "translation_key": key,
        "device_id": "hallway" if key == "observation" else "llama",
    }
    return entry, {"entity_id": entity_id, "state": state, "attributes": attributes}


def house(*observations: tuple[Any, Any], language: str = "en", **counts: str) -> dict[str, Any]:
    states = {"observations": "4", "readings": "1302", "alpacas": "1", **counts}
    pairs = [
        entity("sensor.a", "observations_today", states["observations"]),
        entity("sensor.b", "readings_today", states["readings"]),
        entity("sensor.c", "alpacas_connected", states["alpacas"]),
        *observations,
    ]
    return {
        "entities": {
            "light.other": {"entity_id": "light.other", "platform": "hue"},
            **{entry["entity_id"]: entry for entry, _ in pairs},
        },
        "states": {state["entity_id"]: state for _, state in pairs},
        "devices": {"hallway": {"name": "Hallway", "name_by_user": None}},
        "locale": {"language": language},
    }


def observation(entity_id: str = "event.hallway_observation", **attributes: Any) -> Any:
    return entity(
        entity_id,
        "observation",
        "2026-11-20T21:14:03.020+00:00",
        **{
            "sentence": SENTENCE,
            "unit": "ppm",
            "observed_at": "2026-11-20T21:14:03.020+00:00",
            "clock": "synced",
            **attributes,
        },
    )


@pytest.fixture
async def page(socket_enabled: None) -> AsyncGenerator[Page]:
    """The card on an empty page; it is 21:17:10 on the day of the observation."""

    async def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN)
        if name == "/":
            await route.fulfill(body=PAGE, content_type="text/html")
        else:
            await route.fulfill(path=FRONTEND / Path(name).name)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await browser.new_page(viewport={"width": 390, "height": 400})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.clock.install(time="2026-11-20T21:17:10Z")
        await page.route(f"{ORIGIN}/**", serve)
        await page.goto(f"{ORIGIN}/")
        await page.wait_for_function("window.card")
        yield page
        assert problems == []
        await browser.close()


async def show(page: Page, hass: dict[str, Any]) -> None:
    await page.evaluate("hass => { window.card.hass = hass; }", hass)


async def test_counts_and_the_last_observation(page: Page) -> None:
    older = observation(
        "event.attic_observation", sentence="Older.", observed_at="2026-11-20T20:00:00+00:00"
    )
    await show(page, house(older, observation()))
    region = page.get_by_role("region", name="Today in the house")
    await expect(region).to_be_visible()
    for number, label in (("4", "observations"), ("1,302", "readings"), ("1", "Alpaca")):
        await expect(page.get_by_role("button", name=f"{number} {label}")).to_be_visible()
    await expect(page.get_by_role("button", name=SENTENCE)).to_contain_text(
        "Hallway · 3 minutes ago"
    )
    await expect(page.locator("time")).to_have_attribute("datetime", "2026-11-20T21:14:03.020Z")


async def test_a_number_stays_with_its_unit(page: Page) -> None:
    await show(page, house(observation()))
    shown = await page.locator(".sentence").first.text_content()
    assert shown == SENTENCE.replace(" ppm", "\N{NBSP}ppm")
    await show(page, house(observation(sentence="The door stood open 3 times.", unit=None)))
    shown = await page.locator(".sentence").first.text_content()
    assert shown == "The door stood open 3 times."


async def test_it_is_live_and_says_what_is_new(page: Page) -> None:
    hass = house(observation())
    await show(page, hass)
    hass = copy.deepcopy(hass)
    hass["states"]["event.hallway_observation"]["attributes"] |= {
        "sentence": "The door stood open.",
        "observed_at": "2026-11-20T21:17:05+00:00",
    }
    await show(page, hass)
    await expect(page.locator(".sentence").first).to_have_text("The door stood open.")
    await expect(page.locator("[aria-live=polite]")).to_have_text("The door stood open.")
    await expect(page.locator("time")).to_have_text("now")
    await page.clock.run_for(120_000)
    await expect(page.locator("time")).to_have_text("2 minutes ago")


async def test_a_time_that_is_not_known_is_about(page: Page) -> None:
    await show(page, house(observation(clock="unset", observed_at="1970-01-01T00:01:00+00:00")))
    await expect(page.locator("time")).to_have_text("about 3 minutes ago")


async def test_a_tap_opens_more(page: Page) -> None:
    await show(page, house(observation()))
    await page.get_by_role("button", name=SENTENCE).click()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("window.opened") == ["event.hallway_observation", "sensor.c"]


SILENT = entity("event.hallway_observation", "observation", "unavailable")
GONE = {"observations": "unavailable", "readings": "unavailable", "alpacas": "unavailable"}


@pytest.mark.parametrize(
    ("home", "message"),
    [
        (house(observations="0"), "No observations yet today"),
        (house(observations="3"), "The next observation will stand here"),
        (house(SILENT, **GONE), "The Llama cannot be reached"),
        ({**house(), "entities": {}}, "Herdbook is not set up"),
    ],
)
async def test_when_there_is_nothing_to_tell(
    page: Page, home: dict[str, Any], message: str
) -> None:
    await show(page, home)
    await expect(page.get_by_role("status")).to_contain_text(message)
    await expect(page.get_by_role("button", name=SENTENCE)).to_be_hidden()


async def test_text_of_the_house_is_text(page: Page) -> None:
    evil = "<img src=x onerror=\"throw new Error('run')\"><b>bold</b>"
    hass = house(observation(sentence=evil))
    hass["devices"]["hallway"]["name_by_user"] = evil
    await show(page, hass)
    await expect(page.locator(".sentence").first).to_have_text(evil)
    assert await page.locator("ha-card img, ha-card b").count() == 0
    source = (FRONTEND / "herdbook-day-card.js").read_text("utf-8")
    assert not re.search(r"\.(inner|outer)HTML|insertAdjacentHTML|document\.write", source)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [240, 390, 1280])
async def test_it_fits(page: Page, width: int, direction: str) -> None:
    await page.set_viewport_size({"width": width, "height": 400})
    await page.evaluate("direction => { document.dir = direction; }", direction)
    await show(page, house(observation(sentence="W" * 200), readings="98765432"))
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0


async def test_what_home_assistant_asks_of_a_card(page: Page) -> None:
    answers = await page.evaluate("""() => {
      const Card = customElements.get("herdbook-day-card");
      return [window.customCards, Card.getStubConfig(), Card.getConfigForm().schema,
              window.card.getGridOptions(), window.card.getCardSize()];
    }""")
    assert answers == [
        [
            {
                "type": "herdbook-day-card",
                "name": "Herdbook day",
                "description": "Today’s counts and the last observation of the house.",
                "preview": True,
            }
        ],
        {},
        [{"name": "title", "selector": {"text": {}}}],
        {"columns": 12, "min_columns": 6, "rows": "auto"},
        4,
    ]
    await page.evaluate("window.card.setConfig({ title: 'At home' })")
    await show(page, house())
    await expect(page.get_by_role("heading")).to_have_text("At home")
    with pytest.raises(Error, match="not a text"):
        await page.evaluate("window.card.setConfig({ title: 7 })")


async def test_an_unknown_language_is_english(page: Page) -> None:
    await show(page, house(language="tlh"))
    await expect(page.get_by_role("heading")).to_have_text("Today in the house")
