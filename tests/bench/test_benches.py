"""The benches run, at a size that proves nothing but that, and print what is promised."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import crowd, herd, journal, recall, vault
from bench.household import household

ROOT = Path(__file__).parents[2]
MEMBERS = {"bench", "metric", "n", "value", "unit", "reference", "ratio"}


def _lines(bench: str, n: int, *options: str) -> dict[str, dict[str, Any]]:
    """What a bench says of `n` of whatever it measures."""
    options = options or ("--n", str(n))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"bench.{bench}", "--json", *options],
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


def test_the_herds_bench_measures_what_it_says() -> None:
    lines = _lines("herd", 4)
    documented = set(re.findall(r"`([a-z0-9]+_[a-z0-9_]+)`", herd.__doc__ or ""))
    assert documented == set(lines)
    assert lines["bytes_per_reading"]["value"] < 4, "even of four days, with all tables empty else"


def test_the_bench_of_recall_measures_what_it_says() -> None:
    lines = _lines("recall", 400)
    documented = set(re.findall(r"`([a-z0-9]+_[a-z0-9_]+)`", recall.__doc__ or ""))
    assert documented == set(lines)


def test_a_crowd_on_one_llama_is_measured() -> None:
    lines = _lines("crowd", 40)
    documented = set(re.findall(r"`([a-z0-9]+_[a-z0-9_]+)`", crowd.__doc__ or ""))
    assert documented - {"crowd_nodes"} == set(lines)
    assert lines["rss_mb"]["ratio"] < 1.25, "what is there before and after is about the same"
    assert lines["lag_max_ms"]["value"] < 10_000, "nothing had to be sent again and again"


def test_the_journals_bench_measures_what_it_says() -> None:
    lines = _lines("journal", 120)
    documented = set(
        re.findall(r"`([a-z0-9]+_[a-z0-9_]+|requests|kilobytes)`", journal.__doc__ or "")
    )
    assert documented - {"answer_ms"} == set(lines)
    assert lines["oldest_phrases_found"]["value"] == 25
    assert lines["requests"]["ratio"] <= 1
    assert lines["kilobytes"]["ratio"] <= 1


def test_what_is_looked_for_is_found_best_by_words_and_meaning_together() -> None:
    entries, questions = household()
    assert len(entries) >= 200
    assert len(questions) >= 60
    lines = _lines("search_quality", len(questions), "--n", "0")
    for measure in ("recall_at_10", "mrr"):
        lexical, vector, fused = (
            lines[f"{measure}_{way}"]["value"] for way in ("lexical", "vector", "fused")
        )
        assert max(lexical, vector) < fused <= 1


def test_a_judged_set_of_ones_own_is_measured(tmp_path: Path) -> None:
    texts = ("Minka was at the vet.", "The boiler shows F28.", "Sardines by the sea.")
    entries = [
        {"id": str(number), "day": "2026-11-20", "text": text} for number, text in enumerate(texts)
    ]
    queries = [
        {"query": "boiler", "relevant": ["1"]},
        {"query": '"by the sea"', "relevant": ["2"]},
        {"query": "nothing answers this", "relevant": []},
    ]
    for name, lines in (("entries", entries), ("queries", queries)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    measured = _lines("search_quality", 2, "--folder", str(tmp_path))
    assert {line["value"] for line in measured.values()} == {1.0}
    assert len(measured) == 6


def test_every_engine_is_compared() -> None:
    metrics = set(_lines("vault_engines", 120))
    engines = ("plain", "chacha20", "aegis", "sqlcipher", "records")
    figures = ("open_ms", "search_ms", "vector_ms", "save_ms", "rss_mb")
    assert metrics == {f"{engine}_{figure}" for engine in engines for figure in figures}
