"""What the client makes of the golden messages, and of malformed ones."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from custom_components.herdbook.client import (
    Hello,
    MalformedMessage,
    Memory,
    Node,
    Observation,
    Recalled,
    Sensor,
    Snapshot,
    Today,
)
from custom_components.herdbook.client.fields import parse_object
from tests.integration.double import GOLDEN, NODE_ID

SNAPSHOT = GOLDEN["start_result"]["result"]
RECALLED = GOLDEN["recall_result"]["result"]
READERS = {
    "hello": (Hello.from_json, GOLDEN["hello"]),
    "today": (Today.from_json, GOLDEN["event_today"]["data"]),
    "node": (Node.from_json, GOLDEN["event_node"]["data"]),
    "observation": (Observation.from_json, GOLDEN["event_observation"]["data"]),
    "snapshot": (Snapshot.from_json, SNAPSHOT),
    "recalled": (Recalled.from_json, RECALLED),
    "memory": (Memory.from_json, RECALLED["memories"][0]),
    "sensor": (Sensor.from_json, RECALLED["sensors"][0]),
}


def test_snapshot() -> None:
    assert Snapshot.from_json(SNAPSHOT) == Snapshot(
        today=Today(day=date(2026, 11, 20), observations=3, readings=1240),
        nodes=(
            Node(
                node_id=NODE_ID,
                name="Hallway",
                version="0.1.0",
                fingerprint="mfrg-gzdf-mztw-q2lk-nnwg-23tp-oa",
                approved=True,
                online=True,
                seq=412,
                last_seen=datetime(2026, 11, 20, 21, 14, 3, 120_000, UTC),
                namesake=False,
            ),
        ),
        last_observation=Observation(
            id=f"{NODE_ID}:412",
            seq=412,
            node_id=NODE_ID,
            node_name="Hallway",
            sensor="room_co2",
            sensor_name="Living room CO₂",
            kind="above_usual",
            sentence="Living room CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm.",
            value=1840.0,
            unit="ppm",
            usual=(420.0, 1100.0),
            observed_at=datetime(2026, 11, 20, 21, 14, 3, 20_000, UTC),
            clock="synced",
            confidence=0.97,
            seconds=3600,
            values=(1710.0, 1795.0, 1840.0),
            before=None,
            known_days=41.5,
        ),
    )


def test_an_observation_of_an_older_llama_has_no_evidence() -> None:
    data = dict(GOLDEN["event_observation"]["data"])
    for member in ("seconds", "values", "before", "known_days"):
        del data[member]
    observation = Observation.from_json(data)
    assert (observation.seconds, observation.values) == (0, ())
    assert (observation.before, observation.known_days) == (None, 0)


def test_an_observation_may_be_without_value_unit_and_usual_range() -> None:
    data = {**GOLDEN["event_observation"]["data"], "value": None, "unit": None, "usual": None}
    observation = Observation.from_json(data)
    assert (observation.value, observation.unit, observation.usual) == (None, None, None)


@pytest.mark.parametrize("reader", READERS)
def test_members_of_a_newer_llama_are_ignored(reader: str) -> None:
    read, data = READERS[reader]
    assert read({**data, "mood": "calm"}) == read(data)


WRONG = (True, [], {"a": 1}, -1, "", float("nan"))
MAY_BE = {
    "": {"version", "unit", "node_name", "sensor_name"},
    -1: {"value", "confidence", "seconds", "before", "known_days"},
    True: {"approved", "online", "namesake", "more", "kept", "contradicted"},
}
UNREAD = {
    ("node", "backlog"),
    ("node", "clock"),
    ("sensor", "node_id"),
}
"""What is for other clients than ours."""


def wrong_members() -> list[tuple[str, str, Any]]:
    return [
        (reader, member, wrong)
        for reader, (_, data) in READERS.items()
        for member in data
        for wrong in WRONG
        if (reader, member) not in UNREAD
        and not (isinstance(wrong, str | int) and member in MAY_BE.get(wrong, ()))
        and not (wrong == [] and isinstance(data[member], list) and member != "usual")
    ]


@pytest.mark.parametrize(("reader", "member", "wrong"), wrong_members())
def test_a_wrong_member_is_refused(reader: str, member: str, wrong: Any) -> None:
    read, data = READERS[reader]
    with pytest.raises(MalformedMessage):
        read({**data, member: wrong})


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("wrong", [None, [], "text", 7])
def test_what_is_no_object_is_refused(reader: str, wrong: Any) -> None:
    read, _ = READERS[reader]
    with pytest.raises(MalformedMessage, match="not a JSON object"):
        read(wrong)


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("observed_at", "yesterday"),
        ("observed_at", "2026-11-20T21:14:03"),
        ("usual", [1]),
        ("usual", [1, "2"]),
        ("id", NODE_ID),
        ("id", "another:412"),
        ("id", f"{NODE_ID}:-1"),
        ("id", f"{NODE_ID}:{'9' * 30}"),
    ],
)
def test_an_observation_that_cannot_be_is_refused(member: str, wrong: Any) -> None:
    with pytest.raises(MalformedMessage, match=f"“{member}”"):
        Observation.from_json({**GOLDEN["event_observation"]["data"], member: wrong})


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", "null", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000]
)
def test_frames_that_are_no_object(frame: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_object(frame)


def test_no_error_holds_the_value() -> None:
    with pytest.raises(MalformedMessage) as caught:
        Today.from_json({"day": "a secret", "observations": 1, "readings": 1})
    assert "a secret" not in str(caught.value)
