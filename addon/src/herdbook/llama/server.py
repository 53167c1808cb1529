"""The Llama: all of its parts in one process, from start to stop."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import herdbook
from herdbook.clock import Clock, SystemClock
from herdbook.embedding.model import Model
from herdbook.errors import StorageError
from herdbook.eventlog.identity import Identity
from herdbook.files import FolderLock, make_folder
from herdbook.house.book import HouseBook
from herdbook.llama import token
from herdbook.llama.api.app import api_app
from herdbook.llama.api.commands import Commands
from herdbook.llama.api.feed import Feed
from herdbook.llama.api.messages import Hello
from herdbook.llama.api.news import News, snapshot
from herdbook.llama.config import HerdListener, LlamaConfig
from herdbook.llama.herd.herd import Herd
from herdbook.llama.herd.port import herd_app
from herdbook.llama.panel.routes import panel_app
from herdbook.llama.vaults import Vaults
from herdbook.web.listener import listening

_LOGGER = logging.getLogger(__name__)


async def run(
    config: LlamaConfig,
    folder: Path,
    *,
    on_ready: Callable[[str, str], None],
    model_folder: Path | None = None,
    clock: Clock | None = None,
) -> None:
    """Be the Llama of `folder` until cancelled; then close everything, last opened first.

    Search is by meaning, too, with the model in `model_folder`, unless `config` says: no AI.

    `on_ready` gets the addresses of the panel and of the API once both answer. The broker may still
    be missing then; it is waited for. Raises `LogInUse` when a Llama works in the folder already,
    `PortTaken`, `ConfigError`, `StorageError`.
    """
    clock = clock or SystemClock()
    zone = config.zone()
    feed = Feed()
    async with AsyncExitStack() as opened:
        lock = FolderLock(make_folder(folder))
        lock.acquire()
        opened.callback(lock.release)
        identity = _identity(folder)
        book = await HouseBook.open(folder, clock, zone)
        opened.push_async_callback(book.close)
        model = Model(model_folder, off=not config.ai)
        opened.push_async_callback(model.close)
        recall = book.recall(model)
        vaults = Vaults(folder, clock, zone, model=model)
        opened.push_async_callback(vaults.close)
        herd = Herd(
            book,
            config.broker or None,
            identity,
            clock,
            News(feed),
            keep_days=config.house.keep_readings_days,
            by_http=config.herd is not None,
        )
        ingress = config.ingress
        where, section = (config.panel, "panel") if ingress is None else (ingress, "ingress")
        panel = panel_app(
            vaults,
            herd,
            book,
            clock,
            zone,
            config.base_path,
            config.url().startswith("https:"),
            hosts=frozenset(config.hosts),
            supervisor=ingress.supervisor if ingress else None,
            recall=recall,
            ways=lambda: herd.ways,
        )
        api = api_app(
            token=token.load_or_create(folder),
            hello=Hello(herdbook.__version__, identity.node_id, config.name, config.url()),
            feed=feed,
            handle=Commands(
                vaults,
                snapshot=partial(snapshot, book, herd),
                approve=herd.approve,
                recall=recall,
            ).handle,
        )
        panel_url = await opened.enter_async_context(listening(panel, where, section))
        api_url = await opened.enter_async_context(listening(api, config.api, "api"))
        if config.herd is not None:
            app = herd_app(herd.door)
            herd_url = await opened.enter_async_context(listening(app, config.herd, "herd"))
            _LOGGER.info("Alpacas are listened for at %s", herd_url)
        on_ready(f"{panel_url}{config.base_path}/", f"{api_url}/")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(herd.run())
            if config.herd is not None and config.herd.is_announced:
                tasks.create_task(_announce(config.herd, config.name, identity.node_id))
            tasks.create_task(vaults.lock_idle())
            tasks.create_task(model.load())
            tasks.create_task(recall.run(idle=lambda: vaults.all_locked))


async def _announce(where: HerdListener, name: str, llama_id: str) -> None:
    from herdbook.llama.herd.announcement import announce  # 15 MB that not every Llama needs

    await announce(where, name, llama_id)


def _identity(folder: Path) -> Identity:
    """This Llama's key. Raises `StorageError` where one was lost: another would be a stranger."""
    path = folder / "identity"
    if not path.exists() and (folder / "house.db").exists():
        raise StorageError(
            f"{path} is missing, but there is a house book. With another identity, every Alpaca "
            "that was approved would refuse this Llama.",
            fix="Restore it from a backup. To start anew all the same, move house.db away too.",
        )
    return Identity.load_or_create(path)
