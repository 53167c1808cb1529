"""``[page]`` of alpaca.toml: whether and where a node shows its page."""

from typing import Annotated

from msgspec import Meta

from herdbook.settings import Listener


class PageSettings(Listener, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the page is. `hosts` are further names it answers to; with `write` it can be told to
    observe."""

    port: Annotated[int, Meta(ge=1, le=65535)] = 8480
    hosts: tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...] = ()
    write: bool = False

    @property
    def address(self) -> str:
        """Where it listens; where people open it, unless it listens on all addresses."""
        return self.at(self.host)

    def at(self, host: str) -> str:
        """Where people open it by an address of this machine."""
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
