"""Makes messages.json. Run it only for a new version of a message: what is released stays.

python -m tests.contract.messages.make
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from herdbook.eventlog import messages, neighbours
from herdbook.eventlog.batch import GENESIS
from herdbook.eventlog.envelope import Envelope
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Have, Hello, seal_have, seal_hello
from herdbook.eventlog.neighbours import (
    Ask,
    Neighbours,
    Noticed,
    Remembered,
    Reviewed,
    seal_ask,
    seal_neighbours,
)
from tests.eventlog.samples import SYNCED_MS, identity

NODE = identity()
OTHER = identity(2)
LLAMA = identity(9)
NONCE = bytes(range(16))


def _accepted(name: str, kind: str, wire: bytes, message: msgspec.Struct) -> Any:
    return {
        "name": name,
        "kind": kind,
        "node_id": NODE.node_id,
        "wire": wire.hex(),
        "members": msgspec.to_builtins(_hex(msgspec.structs.asdict(message))),
    }


def _hex(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hex(one) for name, one in value.items()}
    return value.hex() if isinstance(value, bytes) else value


def _refused(name: str, kind: str, reason: str, wire: bytes) -> Any:
    return {
        "name": name,
        "kind": kind,
        "node_id": NODE.node_id,
        "wire": wire.hex(),
        "refused": reason,
    }


def _forged(envelope: Envelope, signer: Identity, members: object) -> bytes:
    body = msgspec.msgpack.encode(members)
    signature = signer.sign(envelope.domain + body)
    return envelope.magic + b"\x01" + signer.public_key + signature + body


def main() -> None:
    hello = Hello("Hallway", "0.1.0", 412, NONCE)
    have = Have(NODE.node_id, 412, bytes(range(32)), approved=True, nonce=NONCE, count=3)
    waiting = Have(NODE.node_id, 0, GENESIS, approved=False, nonce=NONCE, count=1)
    ask = Ask(20, 100, NONCE)
    after = Ask(0, 0, NONCE, 5)
    reviewed = Neighbours(
        NODE.node_id,
        NONCE,
        8,
        SYNCED_MS,
        [],
        [],
        [
            Reviewed("bathroom", "airing", "20 minutes", "wrong", 6),
            Reviewed("boiler", "warms up in", "20 minutes", None, 9),
        ],
    )
    told = Neighbours(
        NODE.node_id,
        NONCE,
        7,
        SYNCED_MS,
        [
            Noticed(
                OTHER.node_id,
                "Cellar",
                "cellar_humidity",
                "Cellar humidity",
                "above_usual",
                "Cellar humidity is 81 %. It is usually between 40 and 60 %.",
                81.0,
                "%",
                SYNCED_MS - 60_000,
                "synced",
            ),
            Noticed(
                OTHER.node_id, "Cellar", "s", "S", "first_time", "It is so.", None, None, 9, "unset"
            ),
        ],
        [
            Remembered(
                "boiler",
                "warms up in",
                "20 minutes",
                "The boiler warms up in 20 minutes.",
                0.8,
                SYNCED_MS - 86_400_000,
                "unknown",
                ["Attic", "Cellar"],
            )
        ],
    )
    members = msgspec.to_builtins(told, builtin_types=(bytes,))
    wire = seal_neighbours(LLAMA, told)
    flipped = bytearray(wire)
    flipped[-1] ^= 1
    newer = bytearray(wire)
    newer[3] = 2
    envelope = neighbours._NEIGHBOURS
    cases = [
        _accepted("hello", "hello", seal_hello(NODE, hello), hello),
        _accepted("have", "have", seal_have(LLAMA, have), have),
        _accepted("have: not approved", "have", seal_have(LLAMA, waiting), waiting),
        _accepted("ask", "ask", seal_ask(NODE, ask), ask),
        _accepted("neighbours", "neighbours", wire, told),
        _accepted("ask: after a review", "ask", seal_ask(NODE, after), after),
        _accepted("neighbours: reviews", "neighbours", seal_neighbours(LLAMA, reviewed), reviewed),
        _accepted(
            "neighbours of a later release",
            "neighbours",
            _forged(envelope, LLAMA, {**members, "models": ["small"]}),
            told,
        ),
        _refused("neighbours changed", "neighbours", "signature", bytes(flipped)),
        _refused("neighbours of version 2", "neighbours", "version", bytes(newer)),
        _refused("neighbours cut", "neighbours", "malformed", wire[:90]),
        _refused(
            "another node's neighbours",
            "neighbours",
            "wrong_node",
            seal_neighbours(LLAMA, msgspec.structs.replace(told, node_id=OTHER.node_id)),
        ),
        _refused(
            "101 observations",
            "neighbours",
            "bounds",
            _forged(
                envelope, LLAMA, {**members, "observations": members["observations"][1:] * 101}
            ),
        ),
        _refused(
            "an observation of the year 10000",
            "neighbours",
            "bounds",
            _forged(
                envelope,
                LLAMA,
                {
                    **members,
                    "observations": [{**members["observations"][0], "observed_ms": 2**53}],
                },
            ),
        ),
        _refused(
            "a value that is infinite",
            "neighbours",
            "bounds",
            _forged(
                envelope,
                LLAMA,
                {
                    **members,
                    "observations": [{**members["observations"][0], "value": float("inf")}],
                },
            ),
        ),
        _refused(
            "a count of 2^63",
            "neighbours",
            "bounds",
            _forged(envelope, LLAMA, {**members, "count": 2**63}),
        ),
        _refused("a have as neighbours", "neighbours", "malformed", seal_have(LLAMA, have)),
        _refused("another node's ask", "ask", "wrong_node", seal_ask(OTHER, ask)),
        _refused(
            "an ask for 101 observations",
            "ask",
            "bounds",
            _forged(neighbours._ASK, NODE, {"observations": 101, "memories": 0, "nonce": NONCE}),
        ),
        _refused(
            "an ask signed as a hello",
            "ask",
            "signature",
            b"HBA" + seal_hello(NODE, hello)[3:],
        ),
        _refused(
            "a hello without a name",
            "hello",
            "bounds",
            _forged(messages._HELLO, NODE, {"name": "", "version": "1", "seq": 0}),
        ),
    ]
    path = Path(__file__).with_name("messages.json")
    path.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
