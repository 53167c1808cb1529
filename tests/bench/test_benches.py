"""The benches run, at a size that proves nothing but that, and print what is promised."""

import json
import math
import re
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench import crowd, herd, journal, noticing, recall, vault
from bench.household import household
from bench.strangers import strangers
from bench.tally import Said, Tally, Window

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


def _noticing(*options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "bench.noticing", "--json", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {line["metric"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_noticing_is_measured_on_a_made_up_house() -> None:
    lines = _noticing("--seed", "1", "--weeks", "1")
    documented = set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)*)`", noticing.__doc__ or ""))
    assert set(lines) <= documented | {"recall_easy", "recall_medium", "recall_hard"}
    assert {"precision", "recall", "false_per_sensor_week", "kb_per_sensor"} <= set(lines)
    assert lines["false_per_sensor_week"]["n"] == 14
    assert lines["false_per_sensor_week"]["value"] <= 2
    assert lines["kb_per_sensor"]["ratio"] <= 1
    assert set(noticing.TUNED_ON).isdisjoint(noticing.SEEDS)


def test_strangers_are_of_a_seed_and_labelled_for_a_tenth() -> None:
    one, again = list(strangers(7, each=1)), list(strangers(7, each=1))
    assert one == again
    assert one != list(strangers(8, each=1))
    assert len(one) == 6
    for series in one:
        times = [at for at, _ in series.rows]
        assert times == sorted(set(times))
        labelled = sum(end - start for start, end, _ in series.windows)
        assert labelled / (times[-1] - times[0]) == pytest.approx(0.1, abs=0.01)
        calm = times[0] + (times[-1] - times[0]) / 6.1
        assert all(start >= calm for start, _, _ in series.windows)


def test_a_strangers_anomaly_begins_and_ends_in_its_window() -> None:
    machine = next(one for one in strangers(32, each=1) if one.name == "machine/0")
    jumps = [
        later for (_, before), (later, after) in pairwise(machine.rows) if abs(after - before) > 15
    ]
    assert jumps
    for at in jumps:
        assert any(start <= at <= end for start, end, _ in machine.windows)


def test_precision_at_enough_recall_leaves_out_what_is_unsure() -> None:
    windows = [Window(at, at + 1, frozenset({"a"})) for at in (10.0, 20.0, 30.0, 40.0, 50.0)]
    said = [Said(at, "a", "drift", 0.9) for at in (10.0, 20.0, 30.0, 40.0)]
    said += [Said(50.0, "a", "drift", 0.4), Said(60.0, "a", "drift", 0.5)]
    tally = Tally()
    tally.count(said, windows, 1.0)
    assert (len(tally.found), len(tally.false)) == (5, 1)
    assert tally.best_precision() == 1.0
    tally.count([], [Window(70.0, 71.0, frozenset({"a"}))], 1.0)
    assert tally.best_precision() == pytest.approx(5 / 6)


def test_a_window_counts_once_and_what_comes_soon_after_it_is_not_false() -> None:
    window = Window(100.0, 200.0, frozenset({"a"}), after=50.0)
    tally = Tally()
    said = [Said(at, "a", "above_usual", 0.9) for at in (99.0, 100.0, 150.0, 200.0, 250.0, 251.0)]
    tally.count([*said, Said(240.0, "b", "above_usual", 0.9)], [window], 1.0)
    assert tally.found == [window]
    assert tally.inside == 3
    assert [(one.at, one.sensor) for one in tally.false] == [
        (99.0, "a"),
        (251.0, "a"),
        (240.0, "b"),
    ]
    late = Tally()
    late.count([Said(240.0, "a", "above_usual", 0.9)], [window], 1.0)
    assert (late.found, late.missed, late.false) == ([], [window], [])


def test_noticing_is_measured_on_recorded_series(tmp_path: Path) -> None:
    """In three ways of writing times, a subfolder, and with rows that hold no number."""
    (tmp_path / "some" / "deeper").mkdir(parents=True)
    start, series = 1_700_000_000, {"a.csv": str, "some/b.csv": _spaced, "some/deeper/c.csv": _iso}
    for number, (name, written) in enumerate(series.items()):
        rows = ["timestamp,value"]
        for step in range(21 * 288):
            at = start + step * 300
            wave = math.sin(step / 288 * 2 * math.pi) + (step * 7919 % 101) / 500
            value = 500.0 if number < 2 and 5000 <= step < 5100 else 20 + 5 * wave
            rows.append(f"{written(at)},{'' if step == 77 else value}")
        (tmp_path / name).write_text("\n".join(rows) + "\n")
    window = [_spaced(start + 4990 * 300), _spaced(start + 5110 * 300) + ".000000"]
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"all/a.csv": [window], "some/deeper/c.csv": []}))
    lines = _noticing("--csv", str(tmp_path), "--labels", str(labels))
    assert (lines["recall"]["value"], lines["recall"]["n"]) == (1, 1)
    # The labels call it all/a.csv. Of b.csv nothing is labelled, so what is noticed there is false.
    assert (lines["precision"]["value"], lines["precision"]["n"]) == (0.5, 2)
    assert lines["false_per_sensor_week"]["value"] == pytest.approx(1 / 9, abs=0.01)


def _spaced(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
