"""An entry's text as HTML: Markdown as GitHub's readers know it, and nothing that could do harm.

What people write is shown to themselves, and what the house writes too: raw HTML is text, nothing
is fetched from anywhere, and links lead out of Home Assistant's page.
"""

from collections.abc import Sequence
from typing import Final

import emoji
import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup
from mdit_py_plugins.tasklists import tasklists_plugin

_NESTING: Final = 60
"""Levels of lists and quotes, beyond which a text is shown as it was typed."""
_HEADINGS_BELOW: Final = 2
"""The page's own headings come first."""

_TAGS: Final = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("em", "strong", "s", "del", "a", "ul", "ol", "li", "input", "label"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
_CLASSES: Final = {"li": {"task-list-item"}, "ul": {"contains-task-list"}}


def render(text: str) -> Markup:
    """The HTML of an entry, safe to put into a page."""
    tokens = _PARSER.parse(text)
    if any(token.level >= _NESTING for token in tokens):
        # The parser leaves out what lies deeper.
        return Markup('<p class="as-typed">{}</p>').format(text)  # noqa: S704: text is escaped
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = _CLEANER.clean(html)
    return Markup(clean)  # noqa: S704


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + _HEADINGS_BELOW)}"


def _align_by_attribute(state: StateCore) -> None:
    """The page's content policy allows no styles in the text."""
    for token in state.tokens:
        if style := token.attrs.pop("style", None):
            token.attrSet("align", str(style).removeprefix("text-align:"))


def _emoji(state: StateCore) -> None:
    """Shortcodes such as ``:wave:``, outside code and addresses."""
    for token in state.tokens:
        for child in _plain(token.children or []):
            child.content = emoji.emojize(child.content, language="alias")


def _plain(tokens: Sequence[Token]) -> list[Token]:
    plain, links = [], 0
    for token in tokens:
        links += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and not links:
            plain.append(token)
    return plain


def _fence(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    _options: OptionsDict,
    _env: EnvType,
) -> str:
    """A block of code under its heading, such as a language: nothing that was written is hidden."""
    token = tokens[at]
    heading = f"<em>{escapeHtml(token.info.strip())}</em>\n" if token.info.strip() else ""
    return f"<pre>{heading}<code>{escapeHtml(token.content)}</code></pre>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "gfm-like",
        # A line that was broken stays broken.
        {"html": False, "breaks": True, "linkify": True, "maxNesting": _NESTING + 4},
    )
    # Pictures from elsewhere would tell who reads when; a lone definition would show nothing.
    parser.disable(["image", "reference"])
    parser.add_render_rule("fence", _fence)
    parser.use(tasklists_plugin, label=True)
    parser.core.ruler.push("lower_headings", _lower_headings)
    parser.core.ruler.push("align_by_attribute", _align_by_attribute)
    parser.core.ruler.push("emoji", _emoji)
    return parser


_PARSER: Final = _parser()
_CLEANER: Final = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
)
