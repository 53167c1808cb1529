"""The catalogues, what is generated from them, and what the files of the integration promise."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import homeassistant
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
INTEGRATION = ROOT / "custom_components" / "herdbook"
SCRIPT = Path("scripts") / "translations"
LANGUAGES = sorted(path.stem for path in (ROOT / "translations").glob("*.json"))
QUOTES = {"de": "„“", "fr": "«»", "es": "«»"}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of all that the script reads and writes."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / SCRIPT, tmp_path / SCRIPT)
    shutil.copytree(ROOT / "translations", tmp_path / "translations")
    for folder in ("translations", "frontend"):
        path = Path("custom_components") / "herdbook" / folder
        shutil.copytree(ROOT / path, tmp_path / path)
    assert run(tmp_path).returncode == 0
    return tmp_path


def change(copied: Path, language: str, edit: Any) -> None:
    catalogue = json.loads((copied / "translations" / "en.json").read_text("utf-8"))
    edit(catalogue)
    path = copied / "translations" / f"{language}.json"
    path.write_text(json.dumps(catalogue), "utf-8")


def test_what_is_generated_is_fresh() -> None:
    checked = run(ROOT, "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_complete(language: str) -> None:
    told = run(ROOT, "--missing", language)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_quotes_of_its_own(language: str) -> None:
    """Straight ones are code, and those of another language a slip."""
    opening, closing = QUOTES.get(language, "“”")
    others = set("„“”«»") - {opening, closing}
    for text in texts(json.loads((ROOT / "translations" / f"{language}.json").read_text("utf-8"))):
        assert not others & set(text), text
        assert text.count(opening) == text.count(closing), text
        assert "'" not in text, text


def texts(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [text for branch in tree.values() for text in texts(branch)]


def test_a_stale_file_is_told_and_mended(copied: Path) -> None:
    change(copied, "en", lambda catalogue: catalogue["card"].update(title="Another title"))
    checked = run(copied, "--check")
    assert checked.returncode == 1
    assert checked.stdout.split() == ["stale:", "custom_components/herdbook/frontend/strings.js"]
    assert run(copied).returncode == 0
    assert run(copied, "--check").returncode == 0
    card = copied / "custom_components" / "herdbook" / "frontend" / "strings.js"
    assert '"title": "Another title"' in card.read_text("utf-8")


def test_another_language_may_be_incomplete_and_may_go_again(copied: Path) -> None:
    (copied / "translations" / "de.json").write_text('{"card": {"title": "Heute"}}', "utf-8")
    assert run(copied).returncode == 0
    german = copied / "custom_components" / "herdbook" / "translations" / "de.json"
    assert json.loads(german.read_text("utf-8"))["title"] == "Herdbook"
    (copied / "translations" / "de.json").unlink()
    assert run(copied, "--check").returncode == 1
    assert run(copied).returncode == 0
    assert not german.exists()


def test_what_a_language_leaves_out_is_told_with_the_english(copied: Path) -> None:
    change(copied, "de", lambda catalogue: catalogue["card"].pop("title"))
    told = run(copied, "--missing", "de")
    assert told.returncode == 1
    assert told.stdout == 'card.title: "Today in the house"\n'
    change(copied, "de", lambda catalogue: None)
    assert run(copied, "--missing", "de").returncode == 0
    assert "begin it with {}" in run(copied, "--missing", "tlh").stderr


@pytest.mark.parametrize(
    "edit",
    [
        lambda catalogue: catalogue["card"].update(titel="Heute"),
        lambda catalogue: catalogue["card"].update(about="ungefähr"),
        lambda catalogue: catalogue["card"].update(title={"one": "Heute"}),
    ],
)
def test_a_language_that_cannot_be_shown_is_refused(copied: Path, edit: Any) -> None:
    change(copied, "de", edit)
    refused = run(copied)
    assert refused.returncode == 1
    assert "de.json: card" in refused.stderr


def load(name: str) -> Any:
    text = (INTEGRATION / name).read_text("utf-8")
    return yaml.safe_load(text) if name.endswith(".yaml") else json.loads(text)


def test_each_action_is_described_and_translated() -> None:
    from custom_components.herdbook import recall, services

    taken = {
        services.SERVICE_WRITE_ENTRY: set(services.FIELDS),
        recall.SERVICE_RECALL: {str(field) for field in recall.FIELDS.schema},
    }
    described, translated = load("services.yaml"), load("translations/en.json")["services"]
    for action, fields in taken.items():
        assert set(described[action]["fields"]) == fields
        assert set(translated[action]["fields"]) == fields
    assert load("icons.json")["services"].keys() == taken.keys() == described.keys()


def test_each_entity_has_a_name_and_an_icon() -> None:
    names = load("translations/en.json")["entity"]
    icons = load("icons.json")["entity"]
    assert {kind: set(keys) for kind, keys in names.items()} == {
        kind: set(keys) for kind, keys in icons.items()
    }


def test_the_manifest() -> None:
    manifest = load("manifest.json")
    assert list(manifest) == ["domain", "name", *sorted(set(manifest) - {"domain", "name"})]
    assert manifest["version"] == re.search(
        r'__version__ = "(.+)"', (ROOT / "addon/src/herdbook/__init__.py").read_text("utf-8")
    ).group(1)
    assert json.loads((ROOT / "hacs.json").read_text("utf-8")).keys() <= {
        "name",
        "homeassistant",
        "hacs",
        "zip_release",
        "filename",
        "content_in_root",
        "country",
        "persistent_directory",
        "hide_default_branch",
    }


def test_each_rule_of_the_quality_scale_is_answered() -> None:
    mealie = Path(homeassistant.__file__).parent / "components" / "mealie"
    core = yaml.safe_load((mealie / "quality_scale.yaml").read_text("utf-8"))["rules"]
    rules = load("quality_scale.yaml")["rules"]
    assert rules.keys() == core.keys()
    for rule, answer in rules.items():
        assert answer == "done" or (answer["status"] and answer["comment"]), rule


def test_the_client_knows_nothing_of_home_assistant() -> None:
    allowed = {"aiohttp", "yarl", *sys.stdlib_module_names}
    for path in (INTEGRATION / "client").glob("*.py"):
        imported = re.findall(r"^(?:from|import) (\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert set(imported) <= allowed, path


def test_the_brand() -> None:
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        header = (INTEGRATION / "brand" / name).read_bytes()[:26]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        assert [int.from_bytes(header[i : i + 4]) for i in (16, 20)] == [size, size]
        assert header[25] == 6, "not RGBA: the ground has to be transparent"
