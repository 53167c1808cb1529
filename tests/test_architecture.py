"""The layering of the package, read from its import statements.

Imports point one way: cli → llama | alpaca → web → journal, house → vault, eventlog → crypto →
leaves.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import herdbook
from herdbook import errors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "addon" / "src" / "herdbook"
INTEGRATION = ROOT / "custom_components" / "herdbook"
# Ships with every export and must work without the package: it has rules of its own.
DECRYPTOR = PACKAGE / "vault" / "decryptor" / "herdbook_decrypt.py"

LEAVES = {
    "allowance",
    "clock",
    "ending",
    "errors",
    "files",
    "ids",
    "log",
    "query",
    "schema",
    "settings",
    "systemd",
    "unreachable",
}
# What each part may import of the others; itself and the leaves always.
MAY_IMPORT: dict[str, set[str]] = {
    "crypto": set(),
    "vault": {"crypto"},
    "eventlog": {"crypto"},
    "broker": set(),
    "embedding": set(),
    "journal": {"vault", "embedding", "crypto"},
    "house": {"embedding", "eventlog", "crypto"},
    "web": {"house"},
    "llama": {"web", "journal", "house", "vault", "embedding", "eventlog", "crypto", "broker"},
    "llm": set(),
    "alpaca": {"web", "house", "eventlog", "embedding", "llm", "crypto", "broker"},
    "cli": {"llama", "alpaca", "embedding", "eventlog"},
}
# Libraries that only some parts may touch. An Alpaca is installed without the Llama's.
LIBRARIES: dict[str, set[str]] = {
    "aiohttp": {"web", "llama", "alpaca", "llm"},
    "jinja2": {"web", "llama", "alpaca", "llm"},
    "httpx": {"llm"},
    "ollama": {"llm"},
    "adafruit_ads1x15": {"alpaca"},
    "adafruit_bme280": {"alpaca"},
    "adafruit_blinka": {"alpaca"},
    "adafruit_scd4x": {"alpaca"},
    "apsw": {"vault", "journal"},
    "PIL": {"journal"},
    "argon2": {"crypto"},
    "cryptography": set(),
    "fastembed": {"embedding"},
    "gpiod": {"alpaca"},
    "nacl": {"crypto", "eventlog"},
    "jsonpath": {"alpaca"},
    "numpy": {"embedding"},
    "sqlite3": {"vault", "eventlog", "house", "alpaca"},
    "tokenizers": {"embedding"},
    "aiomqtt": {"broker"},
    "paho": {"broker"},
    "psutil": {"alpaca", "llm"},
    "zeroconf": {"alpaca", "llama"},
    "zstandard": {"eventlog", "house"},
}
# No file has to be read that is longer than this.
LINES_LIMIT = 400


def _part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or INTEGRATION in path.parents, f"{path}: relative import"
            module = node.module or ""
            yield node.lineno, module
            if module == "herdbook":
                names = (alias.name for alias in node.names if not alias.name.startswith("__"))
                yield from ((node.lineno, f"herdbook.{name}") for name in names)


def _python(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"{folder} has no Python in it"
    return files


@pytest.mark.parametrize("path", _python(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    part = _part(path)
    if path == DECRYPTOR:
        return
    for line, module in _imports(path):
        names = module.split(".")
        if names[0] == "herdbook" and len(names) > 1:
            allowed = LEAVES | {part} | MAY_IMPORT.get(part, set())
            assert names[1] in allowed, f"{path}:{line}: {part} must not import {names[1]}"
            if part in LEAVES:
                assert names[1] in LEAVES, f"{path}:{line}: a leaf imports {names[1]}"
        users = LIBRARIES.get(names[0])
        assert users is None or part in users, f"{path}:{line}: {part} must not import {names[0]}"


def test_the_decryptor_needs_nothing_of_ours_nor_the_engine() -> None:
    allowed = {"argon2", "cryptography", "nacl", *sys.stdlib_module_names}
    for line, module in _imports(DECRYPTOR):
        assert module.split(".")[0] in allowed, f"{DECRYPTOR}:{line}: imports {module}"


def test_every_part_of_the_package_has_its_place() -> None:
    parts = {_part(path) for path in _python(PACKAGE)} - {"__init__"}
    assert parts == LEAVES | set(MAY_IMPORT)


def test_leaves_import_little() -> None:
    allowed = {"herdbook", "msgspec", *sys.stdlib_module_names}
    for leaf in LEAVES:
        for line, module in _imports(PACKAGE / f"{leaf}.py"):
            assert module.split(".")[0] in allowed, f"{leaf}.py:{line}: a leaf imports {module}"


@pytest.mark.parametrize("path", _python(INTEGRATION), ids=lambda path: path.name)
def test_the_integration_never_imports_the_package(path: Path) -> None:
    modules = {module.split(".")[0] for _, module in _imports(path)}
    assert "herdbook" not in modules


def test_the_integrations_client_knows_nothing_of_home_assistant() -> None:
    # yarl is the URL type of aiohttp.
    allowed = {"", "aiohttp", "yarl", *sys.stdlib_module_names}
    for path in _python(INTEGRATION / "client"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1, f"{path}:{node.lineno}: imports from outside the client"
        for line, module in _imports(path):
            name = module.split(".")[0]
            local = (path.parent / f"{name}.py").exists()
            assert local or name in allowed, f"{path}:{line}: the client imports {module}"


def test_there_is_one_version_number() -> None:
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert manifest["version"] == herdbook.__version__
    assert re.search(rf"^## .*{re.escape(herdbook.__version__)}", changes, re.MULTILINE)


def test_only_an_app_has_a_file_called_config() -> None:
    """Supervisor reads every config.json, .yaml and .yml of the repository as an app."""
    found = {
        str(path.relative_to(ROOT))
        for ending in ("json", "yaml", "yml")
        for path in ROOT.glob(f"**/config.{ending}")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    }
    assert found <= {"addon/config.yaml"}


def test_no_file_is_too_long_to_read() -> None:
    for folder in (PACKAGE, INTEGRATION, ROOT / "demo", ROOT / "bench"):
        for path in _python(folder):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            # The decryptor is one file on purpose.
            assert path == DECRYPTOR or lines <= LINES_LIMIT, f"{path}: {lines} lines"


def test_every_error_of_the_tree_has_a_code_of_its_own() -> None:
    classes = [
        item
        for item in vars(errors).values()
        if isinstance(item, type) and issubclass(item, errors.HerdbookError)
    ]
    codes = [item.code for item in classes]
    assert len(set(codes)) == len(codes)
    drawn = errors.__doc__ or ""
    for item in classes:
        assert item.__name__ in drawn, f"{item.__name__} is not in the tree that errors.py draws"
