"""What a model's steps say, as people read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.web.spelled import spelled


def at(moment: str) -> str:
    """As a page tells it."""
    if moment.startswith("2026-99"):
        raise ValueError(moment)
    return f"the {moment[8:10]}th"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"tool":"list_sources"}', ""),
        (
            '{"tool":"get_reading_history","source":"boiler","hours":24}',
            "source: boiler, hours: 24",
        ),
        ('{"done":"It is published.","refused":null}', "It is published."),
        ('{"done":null,"refused":"There is no such source."}', "There is no such source."),
        (
            '{"done":[{"id":"a","value":1.5},{"id":"b","value":null}],"refused":null}',
            "id: a, value: 1.5, id: b, value: –",
        ),
        ('{"done":[],"refused":null}', ""),
        ('{"done":{"facts":[],"noticed":[]},"refused":null}', ""),
        ('{"done":{"at":"2026-11-21T23:01:30.357+00:00"},"refused":null}', "at: the 21th"),
        (
            '{"done":{"at":"2026-99-99T23:01:30.357+00:00"},"refused":null}',
            "at: 2026-99-99T23:01:30.357+00:00",
        ),
        ('{"tool":"publish","text":"\\"Hé, so\\": {1}"}', 'text: "Hé, so": {1}'),
        ('{"done":[{"id":"a","name":"Boi', "id: a, name: Boi"),
        ("It is 21.5 °C: {so}.", "It is 21.5 °C: {so}."),
        ("", ""),
    ],
)
def test_the_signs_of_json_are_left_out_also_where_it_was_cut(text: str, told: str) -> None:
    assert spelled(text, at) == told


@given(st.text(alphabet='{}[]":,\\ \u2028ab1', max_size=60))
def test_whatever_came_is_told_in_few_words(text: str) -> None:
    assert len(spelled("{" + text, at)) <= 2 * len(text) + 1
