"""What a file may be called, and what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.errors import TextTooLong
from herdbook.journal.file import UNKNOWN, clean_description, clean_name, kind_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("beach.jpg", "beach.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\Sea side.PNG", "Sea side.PNG"),
        ("  .bashrc ", "bashrc"),
        ("..", "file"),
        (". 0", "0"),
        ("", "file"),
        ("a\0b\r\nX-Header: 1.png", "a b X-Header_ 1.png"),
        ("photo\u202egpj.exe", "photo gpj.exe"),
        ('<img src=x onerror="alert(1)">.jpg', "_img src=x onerror=_alert(1)__.jpg"),
        ("Cafe\u0301.jpg", "Café.jpg"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
        ("x." + "y" * 300, "x." + "y" * 98),
        ("half \ud800 a pair", "half _ a pair"),
        ("trailing dots... ", "trailing dots"),
    ],
)
def test_names(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@given(st.one_of(st.text(max_size=300), st.text(". a\u0301/\u200b", max_size=300)))
def test_a_clean_name_is_clean(typed: str) -> None:
    name = clean_name(typed)
    assert clean_name(name) == name
    assert 1 <= len(name) <= 100
    assert not set(name) & set('/\\<>:"|?*\0\r\n')


@pytest.mark.parametrize(
    "data", [b"<!doctype html>", b"<svg xmlns=", b"", b"\xff", b"RIFF0000AVI ", b"GIF88a"]
)
def test_what_is_not_known_is_nothing_in_particular(data: bytes) -> None:
    assert kind_of(data) == UNKNOWN


def test_descriptions_are_one_short_line() -> None:
    assert clean_description(" the\nsea \0 ") == "the sea"
    assert clean_description("") == ""
    with pytest.raises(TextTooLong):
        clean_description("x" * 301)
    with pytest.raises(TextTooLong):
        clean_description(" " * 10_000)
