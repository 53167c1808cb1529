"""What a node left at the broker for Home Assistant and for us: how it is cleaned away.

The topics are the Alpaca's (`herdbook.alpaca.discovery`), which the Llama must not import. What
else a node has retained under its own name, `herdbook.llama.herd.sweep` finds.
"""

from collections.abc import Iterator

from herdbook.eventlog import topics


def retained_topics(node_id: str) -> Iterator[str]:
    """Where something of every node is retained: first, what Home Assistant has it by."""
    yield f"homeassistant/device/herdbook_{node_id}/config"
    yield topics.availability(node_id)
    yield topics.hello(node_id)
    yield topics.have(node_id)
