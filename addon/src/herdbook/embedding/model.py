"""The model that a Llama was told to use: it may come later, or never.

Without one everything else works; why there is none is said once, in the log.
"""

import asyncio
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herdbook.errors import ModelUnusable

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

# Loaded by name and late: what it needs is installed only where it is wanted, and takes a second.
_EMBEDDER: Final = "herdbook.embedding.embedder"
_LOGGER = logging.getLogger(__name__)


class Model:
    """The model in a folder, once `load` has run; `embedder` is None where it cannot be used."""

    def __init__(self, folder: Path | None = None) -> None:
        """Without a folder there is none."""
        self._folder = folder
        self._settled = asyncio.Event()
        self.embedder: Embedder | None = None

    async def load(self) -> None:
        """Load it; a model that cannot be used is said in the log and is none."""
        try:
            if self._folder is not None:
                self.embedder = await _load(self._folder)
        except ModelUnusable as error:
            _LOGGER.warning("Search is by words only: %s", error)
        finally:
            self._settled.set()

    async def settled(self) -> "Embedder | None":
        """The embedder, once it is known whether there is one."""
        await self._settled.wait()
        return self.embedder

    async def vector(self, text: str) -> "Vector | None":
        """The vector of a text; None without a model, or when its folder has gone meanwhile."""
        try:
            return None if self.embedder is None else await self.embedder.vector(text)
        except ModelUnusable as error:
            _LOGGER.warning("Search is by words only from now on: %s", error)
            self.embedder = None
            return None

    async def rest(self) -> None:
        """Hold nothing of any text; it wakes when it is next asked."""
        if self.embedder is not None:
            await self.embedder.rest()

    async def close(self) -> None:
        """Let go of it."""
        if self.embedder is not None:
            await self.embedder.close()
            self.embedder = None


async def _load(folder: Path) -> "Embedder":
    try:
        module = await asyncio.to_thread(importlib.import_module, _EMBEDDER)
    except ImportError as error:
        raise ModelUnusable(
            f"There is a model, but no program to use it ({error}).",
            fix="Install herdbook[llama,embedding].",
        ) from error
    embedder: Embedder = await module.Embedder.load(folder)
    return embedder
