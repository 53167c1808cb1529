"""``scripts/demo --check``: the main job walked without a screen. Owns how it is told."""

import time
from pathlib import Path

from playwright.async_api import Error as BrowserError

from demo.errors import DemoError
from demo.folder import Folder
from demo.narrator import Narrator
from demo.product import Product
from demo.walk import STEPS, Step
from demo.walk.visit import Visit, visit


async def check(state: Path, narrator: Narrator) -> None:
    """Start the product over `state` and walk it. Raises `DemoError` at the first failure."""
    begun = time.monotonic()
    with Folder(state) as folder:
        async with Product(folder, narrator) as product, visit(product) as walk:
            narrator.title("Walking the main job")
            for step in STEPS:
                await _walk(step, walk, narrator)
    narrator.title(f"All {len(STEPS)} steps seen in {time.monotonic() - begun:.0f} s")


async def _walk(step: Step, walk: Visit, narrator: Narrator) -> None:
    start = time.monotonic()
    logs = walk.product.folder.path / "logs"
    try:
        seen = await step(walk)
    except (BrowserError, AssertionError) as error:
        # Playwright's words name the element that was waited for, before they describe the page.
        words = str(error).partition("Aria snapshot")[0].rstrip()
        raise DemoError(f"{step.__doc__}\n{words}", fix=f"See the logs in {logs}.") from error
    except DemoError as error:
        raise DemoError(f"{step.__doc__}\n{error.message}", fix=error.fix) from error
    narrator.done(seen, time.monotonic() - start)
