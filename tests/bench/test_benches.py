"""The benches run, at a size that proves nothing but that, and print what is promised."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

from bench import journal, vault

ROOT = Path(__file__).parents[2]
MEMBERS = {"bench", "metric", "n", "value", "unit", "reference", "ratio"}


def _lines(bench: str, n: int) -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"bench.{bench}", "--json", "--n", str(n)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        assert set(line) == MEMBERS
        assert (line["bench"], line["n"]) == (bench, n)
        assert all(math.isfinite(line[name]) and line[name] > 0 for name in ("value", "ratio"))
        assert line["unit"]
        assert re.search(r"\d|cost", line["reference"])
    return {line["metric"]: line for line in lines}


def test_the_vaults_bench_measures_what_it_says() -> None:
    lines = _lines("vault", 120)
    documented = re.findall(r"`([a-z_]+_(?:s|ms|mb|recall))`", vault.__doc__ or "")
    assert documented
    assert set(documented) <= set(lines)
    assert {"kdf_s", "open_ms", "search_ms", "vector_ms", "save_ms", "rss_mb"} <= set(lines)
    # With fewer vectors than candidates nothing can be missed.
    assert lines["vector_recall"]["value"] == 1


def test_the_journals_bench_measures_what_it_says() -> None:
    lines = _lines("journal", 120)
    documented = set(
        re.findall(r"`([a-z0-9]+_[a-z0-9_]+|requests|kilobytes)`", journal.__doc__ or "")
    )
    assert documented - {"answer_ms"} == set(lines)
    assert lines["oldest_phrases_found"]["value"] == 25
    assert lines["requests"]["ratio"] <= 1
    assert lines["kilobytes"]["ratio"] <= 1


def test_every_engine_is_compared() -> None:
    metrics = set(_lines("vault_engines", 120))
    engines = ("plain", "chacha20", "aegis", "sqlcipher", "records")
    figures = ("open_ms", "search_ms", "vector_ms", "save_ms", "rss_mb")
    assert metrics == {f"{engine}_{figure}" for engine in engines for figure in figures}
