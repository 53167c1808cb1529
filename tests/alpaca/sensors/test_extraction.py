import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.sensors.extraction import MAX_BYTES, Extraction
from herdbook.alpaca.sensors.value import Unreadable
from herdbook.errors import ConfigError


@pytest.mark.parametrize(
    ("path", "said", "number"),
    [
        (None, b"21.5", 21.5),
        (None, b" -3e2\n", -300.0),
        ("$.battery", b'{"battery": 97}', 97.0),
        ("$.rooms[1].co2", b'{"rooms": [{}, {"co2": "812"}]}', 812.0),
        ("$..co2", b'{"rooms": [{}, {"co2": 812.5}]}', 812.5),
        ("$.on", b'{"on": true}', 1.0),
        ("$.on", b'{"on": false}', 0.0),
        ("$.rooms[?@.name=='Attic'].t", b'{"rooms":[{"name":"Attic","t":18}]}', 18.0),
    ],
)
def test_the_number_is_found(path: str | None, said: bytes, number: float) -> None:
    assert Extraction(path).number(said) == number


def test_words_are_for_what_is_on_or_off() -> None:
    for said, number in ((b"ON", 1), (b"closed", 0), (b"Yes", 1), (b"0", 0)):
        assert Extraction(None, words=True).number(said) == number
    with pytest.raises(Unreadable, match="no number"):
        Extraction(None).number(b"on")


HOSTILE = {
    "huge": (None, b"1" * (10 * 1024 * 1024), "more than 65,536 bytes"),
    "huge json": ("$.a", b'{"a":1}' + b" " * MAX_BYTES, "more than 65,536"),
    "deep list": ("$.a", b"[" * 60_000, "nested too deeply|no valid JSON"),
    "deep object": (
        "$..b",
        b'{"a":' * 9000 + b"1" + b"}" * 9000,
        "nested too deeply|followed|no number at",
    ),
    "not so deep": ("$..b", b'{"a":' * 300 + b"1" + b"}" * 300, "followed|no number at"),
    "control characters": (None, b"21\x00\x1b[31m", "no number"),
    "control in json": ("$.a", b'{"a": "\x07"}', "no valid JSON"),
    "escaped control": ("$.a", b'{"a": "\\u0007"}', "no number"),
    "not text": (None, b"\xff\xfe", "no number"),
    "not text in json": ("$.a", b'{"a": "\xff"}', "no valid JSON"),
    "NaN": ("$.a", b'{"a": NaN}', "no valid JSON"),
    "1e400": ("$.a", b'{"a": 1e400}', "no valid JSON"),
    "many digits": ("$.a", b'{"a": ' + b"9" * 400 + b"}", "too large|no valid JSON"),
    "nothing": (None, b"", "no number"),
    "no json": ("$.a", b"", "no valid JSON"),
    "elsewhere": ("$.a", b'{"b": 1}', "no number at that JSON path"),
    "null": ("$.a", b'{"a": null}', "no number at that JSON path"),
    "a list": ("$.a", b'{"a": [1]}', "no number at that JSON path"),
    "underscores": (None, b"1_000", "no number"),
    "other digits": (None, "１２".encode(), "no number"),
    "hexadecimal": (None, b"0x10", "no number"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_is_a_clear_word(what: str) -> None:
    path, said, words = HOSTILE[what]
    with pytest.raises(Unreadable, match=words) as caught:
        Extraction(path).number(said)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("said", [b"nan", b"inf", b"1e400"])
def test_numbers_beyond_numbers_are_left_to_the_measurement(said: bytes) -> None:
    assert not math.isfinite(Extraction(None).number(said))


def test_what_is_no_json_path_is_a_mistake_in_the_file() -> None:
    with pytest.raises(ConfigError, match=r"“\$\.\[” is no JSONPath"):
        Extraction("$.[")


@given(st.binary(max_size=300))
def test_whatever_is_said_is_a_number_or_a_reason(said: bytes) -> None:
    for extraction in (Extraction(None, words=True), Extraction("$..a")):
        with suppress(Unreadable):
            assert isinstance(extraction.number(said), float)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["$.a", "$..a", "$[0]", "$.a.b", "$[?@.a > 1]", "$.*"]))
def test_whatever_json_is_said_is_a_number_or_a_reason(document: object, path: str) -> None:
    with suppress(Unreadable):
        assert isinstance(Extraction(path).number(json.dumps(document).encode()), float)
