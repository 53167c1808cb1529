import random
import time

import pytest

from herdbook.journal.difference import Stretch, difference


def _told(before: str, after: str) -> str:
    signs = {"both": "{}", "before": "[-{}-]", "after": "[+{}+]"}
    return "".join(signs[one.kind].format(one.text) for one in difference(before, after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "[+new+]"),
        ("old", "", "[-old-]"),
        ("The first snw.", "The first snow.", "The first [-snw-][+snow+]."),
        ("one two three", "one three", "one [-two -]three"),
        ("one three", "one two three", "one [+two +]three"),
        ("a b c", "x y c", "[-a b-][+x y+] c"),
        ("line\nline", "line\n\nline", "line\n[+\n+]line"),
        ("don't", "don’t", "don[-'-][+’+]t"),
        ("un café", "un cafe\u0301", "un [-café-][+cafe\u0301+]"),
        ("a 👩‍🌾 came", "a 👩‍🔧 came", "a [-👩‍🌾-][+👩‍🔧+] came"),
        ("नमस्ते दुनिया", "नमस्ते भारत", "नमस्ते [-दुनिया-][+भारत+]"),
    ],
)
def test_what_changed(before: str, after: str, told: str) -> None:
    assert _told(before, after) == told


@pytest.mark.parametrize("seed", range(200))
def test_both_texts_are_whole_in_it(seed: int) -> None:
    chance = random.Random(seed)
    before, after = (
        "".join(chance.choices(["a", "b", " ", "\n", ".", "é", "c d"], k=chance.randrange(30)))
        for _ in range(2)
    )
    stretches = difference(before, after)
    assert "".join(one.text for one in stretches if one.kind != "after") == before
    assert "".join(one.text for one in stretches if one.kind != "before") == after
    assert all(one.text for one in stretches)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b " * 25_000, "b a " * 25_000),
        ("a" * 100_000, "b" * 100_000),
        ("\n" * 100_000, " " * 100_000),
        ("." * 100_000, "," * 99_999),
        ("a\n" * 25_000 + "b\n" * 25_000, "b\n" * 25_000 + "a\n" * 25_000),
        (" ".join(map(str, range(17_000))), " ".join(map(str, range(17_000, 0, -1)))),
        ("a b " * 120, "b a a " * 120),
    ],
    ids=["woven", "words", "blanks", "signs", "lines", "backwards", "small and woven"],
)
def test_no_text_takes_long(before: str, after: str) -> None:
    started = time.process_time()
    difference(before, after)
    assert time.process_time() - started < 1


def test_a_small_change_in_a_long_text_is_told_as_such() -> None:
    text = " ".join(map(str, range(17_000)))
    stretches = difference(f"{text} snw {text}", f"{text} snow {text}")
    assert stretches[1:3] == [Stretch("before", "snw"), Stretch("after", "snow")]
    assert len(stretches) == 4
