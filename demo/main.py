"""The command line of the demo. Owns its options, its last words and its exit code."""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Final

from demo import dashboard, onboarding
from demo.check import check
from demo.errors import DemoError
from demo.folder import ROOT, Folder
from demo.herdbook import COMMAND
from demo.narrator import Narrator
from demo.product import Product

_STATE: Final = ROOT / ".demo"


def main() -> int:
    """Run the demo or its check: 0 when all went well, 1 when not, 130 when a check was cut off."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start the whole product: a broker, a Llama, an Alpaca and a Home Assistant.",
    )
    parser.add_argument(
        "--check", action="store_true", help="walk the main job without a screen, then end"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="keep the state there (default: .demo; with --check a folder that is removed)",
    )
    options = parser.parse_args()
    narrator = Narrator()
    job = _check(options.state, narrator) if options.check else _demo(options.state, narrator)
    try:
        ended = asyncio.run(_until_told(job))
    except DemoError as error:
        narrator.failed(error.message)
        if error.fix:
            print(f"  What to do: {error.fix}", file=sys.stderr)
        return 1
    return 0 if ended or not options.check else 130


async def _until_told(job: Coroutine[None, None, None]) -> bool:
    """Run `job` to its end; SIGINT, SIGTERM and SIGHUP cancel it, and it may tidy up."""
    task = asyncio.ensure_future(job)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return not task.cancelled()


async def _demo(state: Path | None, narrator: Narrator) -> None:
    with Folder(state or _STATE) as folder:
        async with Product(folder, narrator) as product:
            await _say_where_to_look(product)
            await product.failed()


async def _say_where_to_look(product: Product) -> None:
    say = product.narrator.say
    password = product.folder.secret("hass_password")
    product.narrator.title(f"Herdbook runs ({product.started_in_s:.1f} s)")
    say(f"  Home Assistant  {dashboard.address(product.home.url)}")
    say(f"                  sign in as “{onboarding.USERNAME}”, password “{password}”")
    say(f"  Journal panel   {product.llama.panel_url}")
    say(
        f"                  the first time, create a vault for “{onboarding.NAME}”; "
        "then write, lock, unlock"
    )
    page, token = await product.alpaca.page()
    say(f"  Alpaca's page   {page}  (token {token})")
    say(f"                  ask it:  {COMMAND} alpaca status --config {product.alpaca.config}")
    say("  Try             the action herdbook.write_entry in Home Assistant, vault locked or not")
    say(f"                  echo 97 > {product.alpaca.boiler}  (the house notices; 60 is usual)")
    say(f"  Logs            {product.folder.path / 'logs'}")
    say("Ctrl-C ends everything.")


async def _check(state: Path | None, narrator: Narrator) -> None:
    if state is not None:
        await check(state, narrator)
        return
    temporary = Path(tempfile.mkdtemp(prefix="herdbook-check-"))
    keep = False
    try:
        await check(temporary, narrator)
    except DemoError:
        keep = True  # for its logs
        raise
    finally:
        if not keep:
            shutil.rmtree(temporary)
