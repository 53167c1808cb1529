"""The model that a Llama was told to use: it may come later, or never, or be switched off.

Without one everything else works; why there is none is said once, in the log, and on the panel.
"""

import asyncio
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from herdbook.errors import ModelUnusable

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

# Loaded by name and late: what it needs is installed only where it is wanted, and takes a second.
_EMBEDDER: Final = "herdbook.embedding.embedder"
_LOOK_EVERY_S: Final = 5.0
_FETCH: Final = "“herdbook model fetch” puts a model there."

_LOGGER = logging.getLogger(__name__)


ModelState = Literal["off", "none", "loading", "missing", "unusable", "ready"]
"""None is wanted; none is named; it is being loaded; its folder is not there yet; it cannot be
used; it is used.
"""


class Model:
    """The model in a folder, once `load` has found it; `embedder` is None while it cannot be used.

    `state` says why.
    """

    def __init__(self, folder: Path | None = None, *, off: bool = False) -> None:
        """Without a folder there is none; with `off` nobody is to have one, and none is loaded."""
        self._folder = None if off else folder
        self.embedder: Embedder | None = None
        self.state: ModelState = "off" if off else "none" if folder is None else "loading"

    async def load(self) -> None:
        """Load it; one that is not there yet is waited for: it is put there as a whole.

        A model that cannot be used is said in the log and is none.
        """
        try:
            if self._folder is not None:
                await self._wait_for(self._folder)
                self.embedder = await _load(self._folder)
                self.state = "ready"
        except ModelUnusable as error:
            self._give_up(error)

    async def _wait_for(self, folder: Path) -> None:
        while not await asyncio.to_thread(folder.is_dir):
            if self.state != "missing":
                _LOGGER.warning(
                    "Search is by words only: there is no folder %s yet. %s", folder, _FETCH
                )
                self.state = "missing"
            await asyncio.sleep(_LOOK_EVERY_S)
        self.state = "loading"

    def _give_up(self, error: ModelUnusable) -> None:
        _LOGGER.warning("Search is by words only: %s", error)
        self.embedder = None
        self.state = "unusable"

    async def vector(self, text: str) -> "Vector | None":
        """The vector of a text; None without a model, or when its folder has gone meanwhile."""
        try:
            return None if self.embedder is None else await self.embedder.vector(text)
        except ModelUnusable as error:
            self._give_up(error)
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
