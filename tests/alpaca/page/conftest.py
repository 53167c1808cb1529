from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alpaca.page.stage import Stage, stage


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made
