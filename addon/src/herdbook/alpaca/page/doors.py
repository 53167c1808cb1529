"""The doors that a node has by its settings. Imports no web server: see `door`."""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.knowledge import Knowledge
from herdbook.alpaca.page.door import answering, control_socket, page_socket
from herdbook.clock import Clock

if TYPE_CHECKING:
    from aiohttp import web

    from herdbook.alpaca.mind import Mind

_CONTROL: str = "herdbook.alpaca.page.control"
_PAGE: str = "herdbook.alpaca.page.app"


def open_doors(
    config: AlpacaConfig, node_id: str, knowledge: Knowledge, mind: "Mind | None", clock: Clock
) -> Sequence[Coroutine[Any, Any, None]]:
    """What has to run for the node to be asked: its control socket, and its page if it has one."""

    def control() -> "web.Application":
        from herdbook.alpaca.page.control import control_app

        return control_app(knowledge, mind)

    doors = [
        answering("The control socket", partial(control_socket, config.data), _CONTROL, control)
    ]
    if (settings := config.page) is not None:

        def page() -> "web.Application":
            from herdbook.alpaca.page.app import page_app

            return page_app(knowledge, node_id, settings, config.name, config.data, clock)

        what = f"The page at {settings.address}"
        doors.append(answering(what, partial(page_socket, settings), _PAGE, page))
    return doors
