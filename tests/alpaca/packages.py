"""Other people's packages, installed for one test: modules and a `.dist-info` in a folder."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from herdbook.alpaca.sensors.registry import GROUP


def install(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kinds: Mapping[str, str],
    modules: Mapping[str, str],
) -> None:
    """Make a distribution with entry points (kind: object) and modules (file name: source)."""
    folder.mkdir(parents=True, exist_ok=True)
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = "".join(f"{kind} = {where}\n" for kind, where in kinds.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
    for file, source in modules.items():
        (folder / file).write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
