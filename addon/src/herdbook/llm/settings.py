"""Which model is asked, and within what; the ``[model]`` table of a configuration."""

import ssl
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from herdbook.errors import ConfigError

type Url = Annotated[str, Meta(pattern=r"^https?://[!-.0->A-~]+(/[!-~]*)?\Z", max_length=500)]


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """No host is asked but that of `url`, and no redirection is followed.

    `keep_alive` is how long Ollama keeps a model in memory, as it writes durations; `timeout` is
    seconds for one answer; `memory` is how many MiB have to be free before a model on this machine
    is asked. `prompts` is a folder whose files take the place of ours of the same names.
    """

    engine: Literal["none", "ollama", "openai"] = "none"
    url: Url | None = None
    model: Annotated[str, Meta(min_length=1, max_length=200)] = ""
    api_key: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[!-~]+\Z")] | None = None
    ca: str | None = None
    keep_alive: Annotated[str, Meta(pattern=r"^(0|-?[0-9]{1,5}(s|m|h))\Z")] = "5m"
    timeout: Annotated[float, Meta(ge=1, le=3600)] = 120.0
    memory: Annotated[int, Meta(ge=0, le=1_048_576)] = 512
    prompts: Annotated[str, Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        if self.engine != "none" and self.url is None:
            raise ValueError("“url” must be there: no host is asked that nobody named")
        if self.engine == "ollama" and not self.model:
            raise ValueError("“model” must be the name of one that Ollama has")
        if self.url is not None and urlsplit(self.url).username is not None:
            raise ValueError("“url” must have no name or password in it")

    @property
    def is_local(self) -> bool:
        """Whether the model runs on this machine, and takes its memory."""
        host = urlsplit(self.url or "").hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def tls(self) -> ssl.SSLContext:
        """What checks the certificate of an https address. Raises `ConfigError`."""
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"The certificate authority {self.ca} cannot be used: {error}.",
                fix="Name a PEM file under “ca” in [model], or leave it out.",
            ) from error
