"""The `[[output]]` tables of `alpaca.toml`: what this node may switch or set, and nothing else.

Owns their shape and bounds. Opens no line and no connection.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from herdbook.errors import ConfigError
from herdbook.settings import check

MAX_OUTPUTS: Final = 32
SMALLEST_STEP: Final = 0.001  # Home Assistant takes no smaller one
_LARGEST: Final = 1e9

type OutputId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
type OutputName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?\Z")]
type Icon = Annotated[str, Meta(pattern=r"^[a-z]+:[a-z0-9-]{1,64}\Z")]
type Topic = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^+#\x00-\x1f$][^+#\x00-\x1f]*\Z")
]
type Payload = Annotated[str, Meta(min_length=1, max_length=256)]
type LossAfter = Annotated[float, Meta(ge=0, le=86_400)]
type MaxOn = Annotated[float, Meta(ge=1, le=604_800)]
type Chip = Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]{1,32}\Z")]
type Line = Annotated[int, Meta(ge=0, le=1023)] | Annotated[str, Meta(min_length=1, max_length=32)]
type OnOff = Literal["on", "off"]


class GpioOutput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="gpio"):
    """A line of a GPIO chip as a switch. `line` is a name, or a number on `chip`.

    Of both kinds: `safe` is what it is set to at the start, at the stop, and once the node has had
    no connection for `loss_after` seconds; `max_on` is how many seconds it may be something else.
    """

    id: OutputId
    name: OutputName
    line: Line
    chip: Chip | None = None
    active_low: bool = False
    icon: Icon | None = None
    safe: OnOff = "off"
    loss_after: LossAfter = 60.0
    max_on: MaxOn | None = None

    def __post_init__(self) -> None:
        _require_printable(name=self.name)
        if isinstance(self.line, int) and self.chip is None:
            raise ValueError("“line” as a number needs the “chip” it is on")


class MqttOutput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="mqtt"):
    """Another device's command topic: a switch with two payloads, or with `min` and `max` a number.

    A number's `safe` has to be given. What is asked for is set to the nearest `step` from `min`.
    """

    id: OutputId
    name: OutputName
    topic: Topic
    on: Payload = "ON"
    off: Payload = "OFF"
    min: float | None = None
    max: float | None = None
    step: float = 1.0
    unit: Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    icon: Icon | None = None
    safe: OnOff | float = "off"
    loss_after: LossAfter = 60.0
    max_on: MaxOn | None = None

    def __post_init__(self) -> None:
        _require_printable(name=self.name, on=self.on, off=self.off, unit=self.unit or "")
        if self.topic.startswith(("herdbook/", "homeassistant/")):
            raise ValueError("“topic” must be another device's, not Herdbook's or Home Assistant's")
        if self.min is None and self.max is None:
            if isinstance(self.safe, float):
                raise ValueError("“safe” of a switch must be “on” or “off”")
            if self.on == self.off:
                raise ValueError("“on” and “off” must be different payloads")
            return
        if self.min is None or self.max is None:
            raise ValueError("a number must have both “min” and “max”")
        if not -_LARGEST <= self.min < self.max <= _LARGEST:
            raise ValueError("“min” must be less than “max”, and both within a thousand million")
        if not SMALLEST_STEP <= self.step <= self.max - self.min:
            raise ValueError("“step” must be at least 0.001, and at most “max” less “min”")
        if not isinstance(self.safe, float) or not self.min <= self.safe <= self.max:
            raise ValueError("“safe” of a number must be given, from “min” to “max”")


type OutputConfig = GpioOutput | MqttOutput


def load_outputs(
    tables: Sequence[Any], path: Path, *, has_broker: bool
) -> tuple[OutputConfig, ...]:
    """The outputs of a file's tables. Raises `ConfigError`, naming the key."""
    outputs = tuple(
        check(
            table,
            OutputConfig.__value__,
            path,
            where=f" in [[output]] number {number}",
            guide="docs/guides/alpaca.md",
        )
        for number, table in enumerate(tables, start=1)
    )
    for output_id, times in Counter(output.id for output in outputs).items():
        if times > 1:
            raise ConfigError(
                f"{path}: {times} outputs have the id “{output_id}”.",
                fix="Give each [[output]] its own “id”.",
            )
    for output in outputs:
        if isinstance(output, MqttOutput) and not has_broker:
            raise ConfigError(
                f"{path}: the output “{output.id}” needs a broker, and this node has none.",
                fix="Put [broker] in the place of [llama], or take the output out.",
            )
    return outputs


def _require_printable(**texts: str) -> None:
    for key, text in texts.items():
        if not text.isprintable():
            raise ValueError(f"“{key}” must be printable characters")
