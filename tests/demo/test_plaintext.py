import base64
import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.plaintext import find, forms

SENTENCE = "The canary sings “naïvely” / at the window & waits."
KEPT = {
    "a database page": SENTENCE.encode(),
    "UTF-16": SENTENCE.encode("utf-16"),
    "JSON": json.dumps({"text": SENTENCE}).encode(),
    "JSON with its own letters": json.dumps({"text": SENTENCE}, ensure_ascii=False).encode(),
    "a posted form": quote_plus(SENTENCE).encode(),
    "base64": base64.b64encode(SENTENCE.encode()),
}


@pytest.mark.parametrize("how", KEPT)
def test_finds_what_a_program_kept(tmp_path: Path, how: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.bin").write_bytes(b"\0before" + KEPT[how] + b"after\0")
    assert [place.split()[0] for place in find(tmp_path, SENTENCE)] != []


def test_finds_nothing_in_other_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("The canary sings at the window.")
    assert find(tmp_path, SENTENCE) == []


@given(
    text=st.text(min_size=8, max_size=60), before=st.binary(max_size=8), after=st.binary(max_size=8)
)
def test_finds_base64_wherever_it_begins(text: str, before: bytes, after: bytes) -> None:
    kept = base64.b64encode(before + text.encode() + after)
    assert any(needle in kept for form, needle in forms(text).items() if form.startswith("base64"))
