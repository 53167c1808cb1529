"""What a node may switch or set: only what its file allows, and back to safety by itself."""

from collections.abc import Sequence

from herdbook.alpaca.outputs.config import GpioOutput, OutputConfig
from herdbook.alpaca.outputs.mqtt import MqttDriver, Send
from herdbook.alpaca.outputs.output import Driver, Output, output_of
from herdbook.alpaca.outputs.outputs import Log, Outputs
from herdbook.clock import Clock
from herdbook.errors import ConfigError


def open_outputs(
    configs: Sequence[OutputConfig], send: Send, clock: Clock, log_event: Log
) -> Outputs:
    """The outputs of a node; nothing is switched before `Outputs.run`.

    Raises `ConfigError` for a kind that this installation cannot have.
    """
    pairs = [(output_of(config), config) for config in configs]
    driven = [(output, _driver(output, config, send)) for output, config in pairs]
    return Outputs(driven, clock, log_event)


def _driver(output: Output, config: OutputConfig, send: Send) -> Driver:
    if not isinstance(config, GpioOutput):
        return MqttDriver(config, output, send)
    try:
        # Only where there is such an output: a small machine should not load it for nothing.
        from herdbook.alpaca.outputs.gpio import GpioDriver
    except ImportError as error:
        raise ConfigError(
            f"The output “{config.id}” needs the library gpiod: {error}.",
            fix="Install herdbook[alpaca] on Linux.",
        ) from error
    return GpioDriver(config)
