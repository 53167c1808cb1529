"""An output in Home Assistant: a switch or a number, its topics, and what discovery says of it."""

from typing import Any

from herdbook.alpaca.outputs.output import OFF, ON, Output
from herdbook.alpaca.part import Part, availability_of


def output_command_topic(node_id: str, output_id: str) -> str:
    """Not retained: what somebody wants it to be."""
    return f"herdbook/v1/node/{node_id}/output/{output_id}/set"


def output_state_topic(node_id: str, output_id: str) -> str:
    """Retained: what it was last set to."""
    return f"herdbook/v1/node/{node_id}/output/{output_id}/state"


def output_availability_topic(node_id: str, output_id: str) -> str:
    """Retained: whether it works."""
    return f"herdbook/v1/node/{node_id}/output/{output_id}/availability"


def output_part(node_id: str, output: Output) -> Part:
    """An output as a part of the device."""
    config: dict[str, Any] = {
        "name": output.name,
        "ic": output.icon,
        "stat_t": output_state_topic(node_id, output.id),
        "cmd_t": output_command_topic(node_id, output.id),
        "opt": False,
        "ret": False,
    } | availability_of(node_id, output_availability_topic(node_id, output.id))
    if output.bounds is None:
        config |= {"pl_on": ON, "pl_off": OFF}
    else:
        config |= {
            "min": output.bounds.low,
            "max": output.bounds.high,
            "step": output.bounds.step,
            "unit_of_meas": output.bounds.unit,
        }
    return Part(f"output_{output.id}", output.form, config)
