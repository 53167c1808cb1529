"""A node's page in a real Chromium: on a phone, in both lights, and when the node dies."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from herdbook.alpaca.page.secret import load_or_create
from tests.alpaca.page.stage import HOSTILE, Stage, stage
from tests.e2e.tab import FLAGS, STORED, Tab, check
from tests.mosquitto import free_port


@asynccontextmanager
async def phone(address: str, locale: str = "en-GB") -> AsyncIterator[Tab]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = await browser.new_context(
            locale=locale, viewport={"width": 390, "height": 844}, has_touch=True
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        opened = Tab(page, address)
        page.on("console", lambda message: opened.console.append(message.text))
        page.on("pageerror", lambda error: opened.console.append(str(error)))
        page.on("request", lambda request: opened.addresses.append(request.url))
        yield opened
        await browser.close()


async def enter(opened: Tab, token: str) -> None:
    await opened.open()
    await opened.page.fill("#token", token)
    await opened.page.keyboard.press("Enter")
    await expect(opened.page.locator("#live")).to_be_visible()


def violations(opened: Tab) -> list[str]:
    """There is one token and no user, whose name the browser would like to know."""
    return [line for line in opened.violations() if "username fields" not in line]


async def test_every_page_is_sound_on_a_phone_and_on_a_desk(tmp_path: Path) -> None:
    async with stage(tmp_path, write=True) as node, phone(node.page.address) as opened:
        await opened.open()
        await check(opened, "sign-in")
        await opened.page.fill("#token", "wrong")
        await opened.page.keyboard.press("Enter")
        await expect(opened.page.get_by_role("alert")).to_have_text("This is not the token.")
        await check(opened, "wrong")
        await enter(opened, node.token)
        await node.until("/v1/sensors", "50.0")
        await opened.page.get_by_role("button", name="Observe now").click()
        await expect(opened.page.locator(".words li")).to_contain_text(HOSTILE)
        await check(opened, "home")
        pages = ("observations", "status", "sensor/boiler/day", "sensor/lost/month", "nowhere")
        for path in pages:
            await opened.open(path)
            await check(opened, path)
        assert violations(opened) == []
        assert await opened.page.evaluate(STORED) == []
        assert all(one.startswith((node.page.address, "blob:")) for one in opened.addresses)
        assert not [one for one in opened.addresses if node.token in one]


async def test_a_value_changes_by_itself_and_the_keyboard_suffices(node: Stage) -> None:
    async with phone(node.page.address) as opened:
        await enter(opened, node.token)
        value = opened.page.locator(".glance-value data").first
        await expect(value).to_have_text("50\N{NO-BREAK SPACE}°C")
        node.write(63)
        await expect(value).to_have_text("63\N{NO-BREAK SPACE}°C", timeout=12_000)
        await opened.page.get_by_role("link", name="Boiler").focus()
        await opened.page.keyboard.press("Enter")
        await expect(opened.page.locator("h1")).to_contain_text("Boiler")
        await opened.page.get_by_role("link", name="30 days").focus()
        await opened.page.keyboard.press("Enter")
        await expect(opened.page.locator(".spans [aria-current]")).to_have_text("30 days")
        assert violations(opened) == []


@pytest.mark.parametrize("locale", ["de-DE", "fr-FR", "es-ES", "nl-NL"])
async def test_no_language_is_too_long_for_a_phone(node: Stage, locale: str) -> None:
    async with phone(node.page.address, locale) as opened:
        await enter(opened, node.token)
        for path in ("", "observations", "status", "sensor/lost/week"):
            await opened.open(path)
            assert await opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await opened.page.get_attribute("html", "lang") == locale[:2]


async def test_a_page_says_when_its_node_is_gone_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    """The node is killed, as a power cut would."""
    value, port = tmp_path / "value", free_port()
    value.write_text("50\n")
    config = tmp_path / "alpaca.toml"
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {free_port()}\n[page]\nport = {port}\n'
        f'[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "{value}"\n'
        "interval = 0.1\n"
    )

    async def start() -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert b"ready" in await process.stdout.readline()
        return process

    process = await start()
    try:
        async with phone(f"http://127.0.0.1:{port}/") as opened:
            await enter(opened, load_or_create(tmp_path / "node"))
            silence = opened.page.locator("#silence")
            await expect(silence).to_be_hidden()
            process.kill()
            await process.wait()
            await expect(silence).to_be_visible(timeout=15_000)
            await expect(opened.page.locator("#live")).to_contain_text("Boiler")
            value.write_text("64\n")
            process = await start()
            await expect(silence).to_be_hidden(timeout=30_000)
            await expect(opened.page.locator(".glance-value data").first).to_have_text("64")
    finally:
        process.terminate()
        await process.wait()


async def test_on_a_phone_the_node_is_named_and_what_fails_keeps_to_the_edge(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as node, phone(node.page.address) as opened:
        await enter(opened, node.token)
        await node.until("/v1/sensors", "nowhere")
        name = opened.page.locator(".node-state bdi")
        await expect(name).to_be_in_viewport()
        await opened.page.set_viewport_size({"width": 1280, "height": 844})
        fault, row = opened.page.locator(".glance-fault"), opened.page.locator(".glance")
        await expect(fault).not_to_contain_text(HOSTILE)
        edges = [await one.first.bounding_box() for one in (fault, row)]
        right = [box["x"] + box["width"] for box in edges if box is not None]
        assert right[0] == pytest.approx(right[1], abs=1)
        await opened.page.goto(f"{node.page.address}sensor/lost/day")
        heading = await opened.page.locator("h1").bounding_box()
        below = await fault.bounding_box()
        assert heading is not None
        assert below is not None
        assert below["x"] == pytest.approx(heading["x"], abs=1)
