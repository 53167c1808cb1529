"""What pages are made of: addresses, words, templates, static files."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

import herdbook.llama.panel
from herdbook.errors import ConfigError
from herdbook.journal.exchange.incoming import Kind
from herdbook.llama.panel.pages import PACKAGE
from herdbook.web.strings import Strings
from tests.llama.panel.stage import PASSWORD, Browser, Stage, stage

PANEL = Path(herdbook.llama.panel.__file__).parent
WEB = PANEL.parents[1] / "web"
TEMPLATES = sorted(path for part in (PANEL, WEB) for path in (part / "templates").rglob("*.*"))
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("stripped", [True, False], ids=["proxy strips", "proxy keeps"])
async def test_behind_a_prefix_every_address_keeps_it(tmp_path: Path, stripped: bool) -> None:
    async with stage(tmp_path, base_path="/home/herd.book", stripped=stripped) as made:
        await made.person()
        async with made.browser() as browser:
            answer = await browser.post(
                "/sign-in", {"name": "Ada", "secret": PASSWORD}, allow_redirects=False
            )
            assert answer.headers["Location"] == "/home/herd.book/"
            cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
            for path in (
                f"/day/{made.today}",
                f"/calendar/{made.today.isoformat()[:7]}",
                "/traces",
                "/herd",
                "/keys",
                "/sign-in",
                "/create",
                "/nowhere",
            ):
                page = await (await browser.get(path, headers=cookie)).text()
                addresses = re.findall(r'(?:href|src|action|hx-get|hx-post)="([^"#][^"]*)"', page)
                assert addresses
                for address in addresses:
                    assert address.startswith("/home/herd.book/"), (path, address)


@pytest.mark.parametrize(
    "base_path",
    [
        "/",
        "x",
        "/x/",
        "//evil.example",
        "https://evil.example",
        "/..",
        "/x/../y",
        "/.",
        '/x"><script>',
        "/x\nSet-Cookie: a=b",
        "/x;b",
        "/{day}",
        "/x y",
        "/é",
    ],
)
async def test_a_hostile_base_path_is_refused(tmp_path: Path, base_path: str) -> None:
    with pytest.raises(ConfigError, match="is no base path"):
        async with stage(tmp_path, base_path=base_path):
            pass


class Audit(HTMLParser):
    """Collects what the policy forbids: scripts, styles and handlers in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [
            f"{tag} {name}"
            for name, value in attrs
            if name == "style" or name.startswith(("on", "hx-on")) or "javascript:" in (value or "")
        ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_inline_and_every_address_is_built(path: Path) -> None:
    text = path.read_text("utf-8")
    audit = Audit()
    audit.feed(text)
    assert audit.found == []
    for address in re.findall(r'\s(?:href|src|action|hx-get|hx-post|data-draft)="([^"]*)"', text):
        assert re.match(r"\{\{ (url|static)\(|\{% block|#", address), address
    assert "|safe" not in text.replace(" ", "")
    # Only what was decoded when it came, from the vault itself.
    for image in re.findall(r"<img [^>]*>", text):
        assert re.search(r"src=\"\{\{ url\('(thumbnail|file)', file=file\.id\) \}\}\"", image)


def test_every_word_comes_from_the_catalogue_and_every_one_is_used() -> None:
    strings = Strings.load(PACKAGE, "en")
    source = "\n".join(
        path.read_text("utf-8")
        for path in [*TEMPLATES, *sorted(PANEL.glob("*.py")), WEB / "telling.py"]
    )
    used = set(re.findall(r"""\b(?:t|strings|words)\(\s*["']([\w.]+)["'](?! ~)""", source))
    assert used <= strings.keys()
    assert {f"exchange.kind_{kind}" for kind in get_args(Kind)} <= strings.keys()
    built = (
        "faults.",
        "numbers.",
        "day.empty_",
        "exchange.kind_",
        "exchange.progress_",
        "herd.clock_",
        "herd.refused_",
        "herd.span_",
        "herd.step_",
        "herd.verdict_",
        "recall.kind_",
        "search.words_only_",
        "settings.meaning_is_",
    )
    unused = {key for key in strings.keys() - used if not key.startswith(built)}
    assert unused == set()


def test_the_catalogue_is_the_source_catalogue() -> None:
    source = json.loads((ROOT / "translations" / "en.json").read_text("utf-8"))["panel"]
    assert json.loads((PANEL / "strings" / "en.json").read_text("utf-8")) == source


def test_templates_hold_no_words_of_their_own() -> None:
    for path in TEMPLATES:
        if path.suffix == ".svg":
            continue
        text = re.sub(r"\{% block shape %\}[\w -]+", "", path.read_text("utf-8"))
        text = re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}|<[^>]*>", " ", text, flags=re.DOTALL)
        assert not re.findall(r"[A-Za-z]{2,}", text), path


def test_right_to_left_languages_are_marked() -> None:
    assert Strings("ar", {}).direction == "rtl"
    assert Strings("en", {}).direction == "ltr"


def test_styles_name_no_left_or_right() -> None:
    sheets = [*(PANEL / "static").glob("*.css"), *(WEB / "static").glob("*.css")]
    assert len(sheets) > 10
    for path in sheets:
        assert not re.findall(
            r"(?:margin|padding|border|(?<!area-)inset)-(?:left|right|top|bottom)"
            r"|text-align: (?:left|right)|float:|\b(?:left|right):",
            path.read_text("utf-8"),
        ), path


@pytest.mark.parametrize("folder", [WEB / "static" / "vendor", ROOT / "tests" / "vendor"])
def test_vendored_files_are_the_recorded_ones(folder: Path) -> None:
    record = json.loads((folder / "vendor.json").read_text("utf-8"))
    assert set(record) == {path.name for path in folder.glob("*.js")}
    for name, facts in record.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == facts["sha256"]
        assert re.fullmatch(r"\d+\.\d+\.\d+", facts["version"])
        assert (folder / f"{name.split('.')[0]}.LICENSE").stat().st_size > 100


async def test_static_files_are_cached_by_their_content(ada: Browser, set_up: Stage) -> None:
    answer = await ada.get(f"/day/{set_up.today}")
    assert "Content-Encoding" not in answer.headers, "its length would tell"
    page = await answer.text()
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(addresses) == 6
    for address in addresses:
        answer = await ada.get(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] in {"gzip", "deflate"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    script = next(address for address in addresses if address.endswith("panel.js"))
    for module in re.findall(r'"\./([\w-]+\.js)"', await ada.page(script)):
        assert (await ada.get(script.replace("panel.js", module))).status == 200
    assert (await ada.get(script.replace("panel.js", "vendor/vendor.json"))).status == 404
    stale = re.sub(r"/static/\w+/", "/static/0123456789abcdef/", script)
    assert (await ada.get(stale)).status == 404


async def test_a_day_page_is_light(ada: Browser, set_up: Stage) -> None:
    for number in range(20):
        await ada.post(f"/day/{set_up.today}/entries", {"text": f"Entry {number}. " * 20})
    answer = await ada.get(f"/day/{set_up.today}")
    assert "Content-Encoding" not in answer.headers, "its length would tell"
    page = await answer.text()
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    sizes = [len(await (await ada.get(address)).read()) for address in addresses]
    assert len(addresses) + 3 <= 12, "requests, with the two modules and the page itself"
    assert len(page.encode()) + sum(sizes) <= 150_000, "bytes, uncompressed"
