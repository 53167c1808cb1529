"""The main job, as `scripts/demo --check` walks it: each step is one test, in order."""

import pytest

from demo.walk import STEPS, Step
from demo.walk.visit import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("product")]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
async def test_main_job(step: Step, walk: Visit) -> None:
    seen = await step(walk)
    assert seen, "a step says what it saw"
    print(seen)
