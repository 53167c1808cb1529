"""Markdown as people write it, and nothing that could do harm or gets lost."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herdbook.llama.panel.markdown import render

ALLOWED = re.compile(
    r"<(?:/?(?:blockquote|br|code|del|em|h[3-6]|hr|label|li|ol|p|pre|s|strong|table|tbody|td|th|thead|tr"
    r"|ul)|/a"
    r'|a(?: href="(?:https?|mailto|tel):[^"<>]*")?(?: title="[^"<>]*")? target="_blank"'
    r' rel="noopener noreferrer nofollow"'
    r'|input(?: (?:type="checkbox"|checked="checked"|disabled="disabled"))+'
    r'|ol start="[0-9]+"|t[dh] align="(?:left|right|center)"'
    r'|li class="task-list-item"|ul class="contains-task-list"|p class="as-typed")>'
)


OUT = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>\n"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>\n"),
        ("# Day\n###### Hour", "<h3>Day</h3>\n<h6>Hour</h6>\n"),
        (
            ":wave: `:wave:` :no_wave: 12:30",
            "<p>👋 <code>:wave:</code> :no_wave: 12:30</p>\n",
        ),
        ("![a](http://x.org/y.png)", f'<p>!<a href="http://x.org/y.png" {OUT}>a</a></p>\n'),
        (
            "http://x.org/:wave:",
            f'<p><a href="http://x.org/:wave:" {OUT}>http://x.org/:wave:</a></p>\n',
        ),
        ("[door](/lock)", f"<p><a {OUT}>door</a></p>\n"),
        ("[a]: b", "<p>[a]: b</p>\n"),
        ("42", "<p>42</p>\n"),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, expected: str) -> None:
    assert render(text) == expected


def test_tables_and_tasks() -> None:
    table = render("|a|b|\n|-|-:|\n|1|2|")
    assert '<td align="right">2</td>' in table
    assert "style" not in table
    tasks = render("- [ ] *tea*\n- [x] bread")
    assert "<label><input" in tasks, "each box has its words as its name"
    assert tasks.count('type="checkbox"') == 2
    assert tasks.count('checked="checked"') == 1


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,<script>alert(1)</script>)",
        "<javascript:alert(1)>",
        '[a](https://x.org "" onmouseover=alert(1) "")',
        "<svg/onload=alert(1)>",
        "```html\n</code></pre><script>alert(1)</script>\n```",
        '[a](https://x.org/"><script>alert(1)</script>)',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<style>*{display:none}</style><iframe src=//x.org></iframe><form action=/lock>",
    ],
)
def test_nothing_that_runs_comes_through(text: str) -> None:
    _harmless(render(text))


_PIECES = st.sampled_from(
    [
        *"<>\"'&`*_[)!|-\n:#",
        *("](", "    ", "javascript:", "<script>", "onerror=", "http://x.org", "\x00", "\u202e"),
        *(":wave:", "- [ ] "),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_any_text_becomes_harmless_html(text: str) -> None:
    _harmless(render(text))


@example("~~~a")
@given(st.text(st.sampled_from("ab >-*1.#|\n\t[]()!_~\\"), max_size=200))
def test_no_word_gets_lost(text: str) -> None:
    """Addresses stand in attributes; all else is to be seen."""
    shown = render(text)
    for letter in "ab":
        assert re.sub(r"<(?!a )[^>]*>", "", shown).count(letter) >= text.count(letter)


@pytest.mark.parametrize("text", [">" * 3_000 + "x", "- " * 3_000 + "x", "1. " * 900 + "x"])
def test_what_nests_too_deep_is_shown_as_typed(text: str) -> None:
    assert render(text) == f'<p class="as-typed">{html.escape(text)}</p>'


def _harmless(page: str) -> None:
    for tag in re.findall(r"<[^>]*>?", page):
        assert ALLOWED.fullmatch(tag), tag
