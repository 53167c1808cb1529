"""A running product for each module of end-to-end tests; see the `demo` package."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.folder import Folder
from demo.narrator import Narrator
from demo.product import Product
from demo.walk.visit import Visit, visit


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The whole product over a folder of its own."""
    state: Path = tmp_path_factory.mktemp("product")
    with Folder(state) as folder:
        async with Product(folder, Narrator()) as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walk(product: Product) -> AsyncIterator[Visit]:
    """A browser beside it, and a person."""
    async with visit(product) as walking:
        yield walking
