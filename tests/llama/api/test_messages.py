"""Both sides of the API are tested against the same golden messages; this is the Llama's."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.errors import (
    CommandUnknown,
    MessageInvalid,
    PersonUnknown,
    SchemaUnsupported,
)
from herdbook.llama.api import messages

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "contract" / "api" / "messages.json").read_text()
)


def _encoded(message: messages.Hello | messages.Result | messages.Error | messages.Event) -> Any:
    return json.loads(messages.encode(message))


def test_hello_is_the_golden_one() -> None:
    golden = GOLDEN["hello"]
    hello = messages.Hello(
        golden["version"], golden["llama_id"], golden["name"], golden["panel_url"]
    )
    assert _encoded(hello) == golden


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("start", messages.Start(1, 1)),
        (
            "write_entry",
            messages.WriteEntry(
                2,
                messages.PersonRef("0f3c9a52d3f24b1f8f6a3c2b1d0e9f8a", "Ada"),
                "The heating engineer came.",
                "2026-11-20",
                "Home Assistant",
            ),
        ),
        ("approve_node", messages.ApproveNode(3, "pjwk6ylbnvzgc43fobzgk33hmq")),
        (
            "recall",
            messages.Recall(4, "stuffy living room", first="2026-11-01", last="2026-11-20"),
        ),
    ],
)
def test_golden_commands_are_read(name: str, command: object) -> None:
    assert messages.decode(json.dumps(GOLDEN[name])) == command


def test_the_golden_snapshot_is_what_the_structs_write() -> None:
    result = GOLDEN["start_result"]["result"]
    snapshot = msgspec.convert(result, messages.Snapshot)
    assert snapshot.today.day == date(2026, 11, 20)
    assert _encoded(messages.Result(1, snapshot)) == GOLDEN["start_result"]


def test_the_golden_recollection_is_what_the_structs_write() -> None:
    golden = GOLDEN["recall_result"]
    recalled = msgspec.convert(golden["result"], messages.Recalled)
    assert _encoded(messages.Result(4, recalled)) == golden


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("event_observation", messages.Observation),
        ("event_today", messages.Today),
        ("event_node_gone", messages.NodeGone),
        ("event_node", messages.Node),
    ],
)
def test_golden_events_are_what_the_structs_write(name: str, kind: type) -> None:
    golden = GOLDEN[name]
    data = msgspec.convert(golden["data"], kind)
    assert _encoded(messages.Event(golden["event"], data)) == golden


def test_golden_errors_are_what_the_tree_says() -> None:
    unknown = PersonUnknown(
        "Nobody called “Ada” has a vault here.",
        fix="Open the Herdbook panel as that person and create a vault, or name somebody who has "
        "one.",
    )
    assert _encoded(messages.error_of(2, unknown)) == GOLDEN["error_unknown_person"]
    unsupported = SchemaUnsupported(
        "This Llama speaks schema 1; the client asked for 9.",
        fix="Update the Llama and the Herdbook integration to the same release.",
    )
    assert _encoded(messages.error_of(1, unsupported)) == GOLDEN["error_unsupported_schema"]
    with pytest.raises(MessageInvalid) as raised:
        messages.decode("{}")
    assert _encoded(messages.error_of(None, raised.value)) == GOLDEN["error_invalid_message"]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "null",
        "[]",
        '{"type": "start"}',
        '{"id": 0, "type": "start", "schema": 1}',
        '{"id": 1.5, "type": "start", "schema": 1}',
        '{"id": 9007199254740992, "type": "start", "schema": 1}',
        '{"id": 1, "type": 7}',
        "[" * 200_000,
        '{"id": 1, "type": "start", "schema": "1"}',
        '{"id": 1, "type": "write_entry", "person": "Ada", "text": "x"}',
        '{"id": 1, "type": "write_entry", "person": {}, "text": 5}',
        '{"id": 1, "type": "approve_node"}',
        '{"id": 1, "type": "recall", "query": 7}',
        '{"id": 1, "type": "recall", "query": "x", "limit": 0}',
        '{"id": 1, "type": "recall", "query": "x", "limit": 51}',
        '{"id": 1, "type": "recall", "query": "x", "kept": "yes"}',
        json.dumps({"id": 1, "type": "recall", "query": 501 * "x"}),
    ],
)
def test_a_malformed_message_is_refused(data: str) -> None:
    with pytest.raises(MessageInvalid):
        messages.decode(data)


def test_an_unknown_command_is_named_and_answered_to() -> None:
    data = '{"id": 7, "type": "read_journal"}'
    with pytest.raises(CommandUnknown, match="read_journal"):
        messages.decode(data)
    assert messages.id_of(data) == 7


def test_unknown_members_are_ignored_so_that_either_side_can_be_newer() -> None:
    data = '{"id": 1, "type": "start", "schema": 1, "colour": "red"}'
    assert messages.decode(data) == messages.Start(1, 1)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail_otherwise(data: bytes) -> None:
    with pytest.raises((MessageInvalid, CommandUnknown)):
        messages.decode(data)


def test_a_refused_entry_is_not_repeated_in_the_words() -> None:
    with pytest.raises(MessageInvalid) as raised:
        messages.decode('{"id": 1, "type": "write_entry", "text": ["secret"], "person": {}}')
    assert "secret" not in str(raised.value)
