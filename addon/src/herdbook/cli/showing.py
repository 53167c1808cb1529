"""What a new node writes in, and whether it shows a page: two of the questions of ``init``."""

import argparse
import os
from typing import Any, Final

from herdbook.cli.questions import Questions

_LANGUAGES: Final = {
    "en": "English",
    "de": "German",
    "nl": "Dutch",
    "fr": "French",
    "es": "Spanish",
}
_PAGES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "none": ("no", {}),
    "here": ("yes, on this machine alone", {"page": {}}),
    "network": (
        "yes, in the whole network: by HTTP, with a token",
        {"page": {"host": "0.0.0.0"}},  # noqa: S104 # somebody asked for it
    ),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Both can be answered by an option, too."""
    parser.add_argument("--language", choices=_LANGUAGES, help="of what it writes")
    parser.add_argument("--page", choices=_PAGES, help="a page of its own, and who may open it")


def keys_of(options: argparse.Namespace, questions: Questions) -> dict[str, Any]:
    """The keys of an alpaca.toml that say so."""
    language = options.language or _language(questions)
    return {"language": language} | _PAGES[options.page or _page(questions)][1]


def _language(questions: Questions) -> str:
    """That of this terminal is the default."""
    variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    here = next((value for value in variables if value), "")[:2]
    codes = sorted(_LANGUAGES, key=lambda code: code != here)
    return codes[questions.choice("What shall it write in?", [_LANGUAGES[one] for one in codes])]


def _page(questions: Questions) -> str:
    question = "Shall it show a page of its own in a browser?"
    return list(_PAGES)[questions.choice(question, [words for words, _ in _PAGES.values()])]
