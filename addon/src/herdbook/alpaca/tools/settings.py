"""What a node's model may do; the rest of the ``[model]`` table."""

from typing import Annotated

from msgspec import Meta

from herdbook.llm.settings import ModelSettings

type OutputId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
type Topic = Annotated[str, Meta(pattern=r"^[^+#\x00\s/$][^+#\x00]*\Z", max_length=200)]


class NodeModel(ModelSettings, frozen=True, forbid_unknown_fields=True):
    """Without more said it may only look, and propose facts.

    `outputs` are those it may set: all of the file (true), or these ids. `topics` are those it may
    publish on, each in full. `steps` and `seconds` are what one question may take.
    """

    outputs: bool | Annotated[tuple[OutputId, ...], Meta(max_length=64)] = False
    topics: Annotated[tuple[Topic, ...], Meta(max_length=32)] = ()
    steps: Annotated[int, Meta(ge=1, le=32)] = 8
    seconds: Annotated[float, Meta(ge=1, le=3600)] = 300.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(topic.startswith(("herdbook/", "homeassistant/")) for topic in self.topics):
            # By those it could switch what `outputs` does not name, or pose as a device.
            raise ValueError("“topics” must be other devices', not Herdbook's or Home Assistant's")

    @property
    def may_act(self) -> bool:
        """Whether anything but looking is allowed at all."""
        return bool(self.outputs) or bool(self.topics)

    def may_set(self, output_id: str) -> bool:
        """Whether it may set an output."""
        return self.outputs if isinstance(self.outputs, bool) else output_id in self.outputs
