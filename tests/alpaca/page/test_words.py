"""The words of a node's page: all from the catalogue, and each of them used."""

import json
import re
from pathlib import Path

import herdbook.alpaca.page
from herdbook.alpaca.page.pages import PACKAGE
from herdbook.web.strings import Strings

PAGE = Path(herdbook.alpaca.page.__file__).parent
WEB = PAGE.parents[1] / "web"
ROOT = Path(__file__).parents[3]
BUILT = (
    "numbers.",
    "faults.text_",
    "herd.clock_",
    "herd.step_",
    "memories.review_",
    "sensor.span_",
    "status.away_",
    "status.connected_",
    "status.llama_",
    "status.model_",
    "ways.",
)
"""Their keys are put together."""


def test_every_word_is_there_and_every_one_is_used() -> None:
    strings = Strings.load(PACKAGE, "en")
    files = [*(PAGE / "templates").rglob("*.html"), *PAGE.glob("*.py"), WEB / "telling.py"]
    files += (WEB / "templates" / "parts").glob("*.html")
    source = "\n".join(path.read_text("utf-8") for path in files)
    used = set(re.findall(r"""\b(?:t|strings|words)\(\s*["']([\w.]+)["'](?! ~)""", source))
    used |= set(re.findall(r'"(faults\.text)"', source))
    assert used <= strings.keys()
    assert {key for key in strings.keys() - used if not key.startswith(BUILT)} == set()


def test_the_catalogue_is_the_source_catalogue_in_five_languages() -> None:
    languages = {path.stem for path in (PAGE / "strings").glob("*.json")}
    assert languages == {"de", "en", "es", "fr", "nl"}
    for language in languages:
        source = json.loads((ROOT / "translations" / f"{language}.json").read_text("utf-8"))
        shown = json.loads((PAGE / "strings" / f"{language}.json").read_text("utf-8"))
        assert shown.items() >= source["node"].items()
        assert shown["herd"].items() <= source["panel"]["herd"].items()


def test_templates_hold_no_words_and_nothing_inline() -> None:
    for path in (PAGE / "templates").rglob("*.html"):
        text = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text("utf-8"), flags=re.DOTALL
        )
        assert "|safe" not in path.read_text("utf-8").replace(" ", "")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?://", text), path
        words = re.findall(r">([^<]*[A-Za-z]{2}[^<]*)<", text)
        assert set(words) <= {"herdbook alpaca page", "herdbook alpaca ask", " MB"}, path
