"""What a bench prints: a table for people, or one JSON object a line for programs."""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One measured number. `reference` names a limit or a peer of the same run, `ratio` to it."""

    bench: str
    metric: str
    n: int
    value: float
    unit: str
    reference: str
    ratio: float


class Report:
    """Collects the results of one bench and prints them as they come."""

    def __init__(self, bench: str, *, as_json: bool) -> None:
        self._bench = bench
        self._as_json = as_json
        self._begun = False

    def add(
        self, metric: str, value: float, unit: str, *, n: int, reference: str, against: float
    ) -> None:
        """Print one number beside what it is measured against, which is in the same unit."""
        ratio = round(value / against, 3)
        result = Result(self._bench, metric, n, round(value, 3), unit, reference, ratio)
        if self._as_json:
            print(json.dumps(asdict(result), ensure_ascii=False), flush=True)
            return
        if not self._begun:
            self._begun = True
            print(f"{'metric':<28} {'n':>5} {'value':>11}        {'ratio':>7}  reference")
        print(
            f"{metric:<28} {n:>5} {value:>11.2f} {unit:<5} {ratio:>8.3f}  {reference}", flush=True
        )


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def options(bench: str, description: str, *, n: int, folder: bool = False) -> argparse.Namespace:
    """The options every bench takes: `json` and `n`; some also a `folder` to measure."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench {bench}", description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--n", type=int, default=n, help=f"how many of each (default: {n})")
    if folder:
        parser.add_argument("--folder", type=Path, help="a folder of one's own to measure")
    return parser.parse_args()
