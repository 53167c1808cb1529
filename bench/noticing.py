"""How well an Alpaca notices: what it finds of what went wrong, and how often it says so wrongly.

    scripts/bench noticing                          # seeded houses, seeds no method was tuned on
    scripts/bench noticing --seed 7 --seed 8        # any others
    scripts/bench noticing --strangers 11           # made-up series of strangers, of any seed
    scripts/bench noticing --csv DIR --labels FILE  # recorded series with labelled windows

*Seeded houses* (`bench.house`, `bench.incidents`): ten weeks, fourteen sensors. Rules and constants
were chosen on the seeds in `TUNED_ON`, or changed after these were measured; those by default were
measured once, at the end. The first three weeks have no incident, but what is said in them counts.

*Strangers* (`bench.strangers`): thirty series of six characters, with nothing configured. Seeds 1
to 4 and 601 to 604 were looked at while rules were chosen, 21, 22 and 31 to 34 measured on the way.

*CSV files*: below DIR, subfolders too. The columns are those that the first row calls `value` and
`timestamp`, `time`, `datetime` or `date`, in letters of any case; without such names the first is
the time and the second the value. More columns do no harm. Times are ISO 8601, with a `T` or a
blank, `YYYY/MM/DD HH:MM` or `MM/DD/YYYY HH:MM`, with seconds or without, or seconds or
milliseconds since 1970. Each file is one sensor of unknown kind and interval, and nothing is
configured. A series that is only 0 and 1 in its first tenth is taken for yes and no. Rows may come
in any order and share a time. A row without a number is a failed reading; rows that are not there
are nothing at all. FILE is JSON: a file's path relative to DIR, or the end that the two have in
common → a list of windows, each [start, end] or {"start": …, "end": …}, in lists within lists if
need be. A file with an empty list, or with none, has nothing to be found. Anything else is an error
that names the file and its line.

How it is counted:

- A window is *found* when at least one observation of a sensor that it is about lies in it, both
  ends included. However many there are, it counts once. A window is about the sensors that its
  cause shows in (seeded), or about its file.
- An observation that lies in no window about its sensor is *false*, each one. Of CSV
  files, what is said soon after a window, within a tenth of its length or an hour, whichever is
  more, is not false, nor does it find the window. Houses and strangers are counted without that.
- `recovered`, the end of what was observed before, claims nothing out of the ordinary: it neither
  finds a window nor is it false.
- `precision` is found windows of found windows and false observations; `recall` is found windows of
  all; `false_per_sensor_week` is false observations by weeks of each sensor, all of them, learning
  included. Also `observations_per_incident`: observations in windows by found windows.
- `precision_at_recall_80`: the best precision of those among all that is said which are as sure of
  themselves as it takes to find eight of ten; all is what a node says.
- `recall_easy`, `recall_medium`, `recall_hard`: the same by the difficulty of seeded incidents.

What it costs, on this machine: `cpu_ms_per_sample`, the processor's time for a reading;
`kb_per_sensor`, memory of a sensor after all those weeks (seeded only); `kb_on_disk_per_sensor`,
what is written down of it, before compression. And of twenty sensors that are read every half
minute, `pi_cpu_percent`, of one core of a Pi Zero 2 W taken to be twenty times slower than this
machine (not measured there), and `mb_of_twenty`.
"""

import argparse
import math
import sys
import time
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from bench.house import MINUTE, House
from bench.incidents import happen
from bench.recorded import Row, Unreadable, collection, form_of
from bench.report import Report
from bench.strangers import strangers
from bench.tally import Said, Tally, Window
from herdbook.alpaca.noticing.causes import Causes
from herdbook.alpaca.noticing.watch import Learned, Watch

TUNED_ON: Final = (
    *(*range(1, 9), 101, 102, *range(201, 207), *range(301, 307)),
    *(*range(401, 407), *range(501, 509), *range(601, 607)),
)
SEEDS: Final = (701, 702, 703, 704, 705, 706)
_PI_SLOWER: Final = 20
_READINGS_A_SECOND: Final = 20 / 30
WEEKS: Final = 10
_WEEK_S: Final = 7 * 86_400


def watch_house(seed: int, tally: Tally, weeks: int = WEEKS) -> list[Watch]:
    """One seeded house, as a node would read it."""
    house = House(seed, weeks)
    incidents = happen(house, seed)
    watches = [
        Watch(
            one.form,  # type: ignore[arg-type]
            spread=one.spread,
            quiet=900,
            interval=one.step,
        )
        for one in house.series
    ]
    causes = Causes()
    said = []
    begun = time.process_time()
    for minute in range(house.minutes):
        at = house.start + minute * MINUTE
        local = house.local(at)
        for series, watch in zip(house.series, watches, strict=True):
            every = series.step // MINUTE
            if minute % every:
                continue
            value = series.values[minute // every]
            found = watch.missing(at) if value is None else watch.update(value, at, local)
            tally.samples += 1
            if found is not None and causes.admit(series.device, series.name, found, at):
                said.append(Said(at, series.name, found.kind, found.confidence, str(found)))
    tally.seconds += time.process_time() - begun
    windows = [
        Window(one.start, one.end, one.series, one.kind, one.difficulty) for one in incidents
    ]
    tally.count(said, windows, weeks * len(house.series))
    return watches


def watch_series(rows: list[Row], name: str, windows: list[Window], tally: Tally) -> None:
    """One series in order of time, of which nothing else is known."""
    watch = Watch(form_of([value for _, value in rows[: max(1, len(rows) // 10)]]))
    causes = Causes()
    said = []
    begun = time.process_time()
    for at, value in rows:
        found = watch.missing(at) if math.isnan(value) else watch.update(value, at, at)
        if found is not None and causes.admit(name, name, found, at):
            said.append(Said(at, name, found.kind, found.confidence, str(found)))
    tally.samples += len(rows)
    tally.seconds += time.process_time() - begun
    tally.count(said, windows, (rows[-1][0] - rows[0][0]) / _WEEK_S)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench noticing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--n", type=int, help="how many of the default seeds")
    parser.add_argument("--seed", type=int, action="append", help="a house; more than once")
    parser.add_argument("--weeks", type=int, default=WEEKS, help="of each house (default: 10)")
    parser.add_argument("--strangers", type=int, action="append", help="a seed of strangers")
    parser.add_argument("--csv", type=Path, help="a folder of series in place of houses")
    parser.add_argument("--labels", type=Path, help="their windows")
    parser.add_argument("--show", action="store_true", help="what was missed and what was false")
    options = parser.parse_args()
    if (options.csv is None) != (options.labels is None):
        parser.error("--csv and --labels belong together")
    tally = Tally()
    report = Report("noticing", as_json=options.json)
    watches: list[Watch] = []
    if options.csv is not None:
        try:
            for name, rows, windows in collection(options.csv, options.labels):
                watch_series(rows, name, windows, tally)
        except (Unreadable, OSError) as error:
            parser.error(str(error))
    elif options.strangers:
        for one in (one for seed in options.strangers for one in strangers(seed)):
            about = frozenset({one.name})
            windows = [
                Window(start, end, about, f"{one.name.split('/')[0]} {kind}")
                for start, end, kind in one.windows
            ]
            watch_series(one.rows, one.name, windows, tally)
    else:
        for seed in options.seed or SEEDS[: options.n]:
            watches = watch_house(seed, tally, options.weeks)
    if options.show:
        _show(tally)
    _report(report, tally, watches)


def _report(report: Report, tally: Tally, watches: list[Watch]) -> None:
    found, windows = len(tally.found), len(tally.found) + len(tally.missed)
    claimed = found + len(tally.false)
    _share(report, "precision", found, claimed, 0.9)
    _share(report, "recall", found, windows, 0.8)
    best = tally.best_precision()
    if best is not None:
        report.add(
            "precision_at_recall_80", best, "of 1", n=found, reference="at least 0.9", against=0.9
        )
    for level in ("easy", "medium", "hard"):
        seen = sum(window.difficulty == level for window in tally.found)
        missed = sum(window.difficulty == level for window in tally.missed)
        if seen + missed:
            _share(report, f"recall_{level}", seen, seen + missed, 0.8)
    weeks = tally.sensor_weeks
    report.add(
        "false_per_sensor_week",
        len(tally.false) / weeks if weeks else 0.0,
        "a week",
        n=round(weeks),
        reference="at most 2",
        against=2,
    )
    if found:
        report.add(
            "observations_per_incident",
            tally.inside / found,
            "each",
            n=found,
            reference="1 would be best",
            against=1,
        )
    spent = tally.seconds * 1000 / tally.samples if tally.samples else 0.0
    report.add(
        "cpu_ms_per_sample", spent, "ms", n=tally.samples, reference="at most 1 ms", against=1
    )
    if watches:
        report.add(
            "pi_cpu_percent",
            spent * _PI_SLOWER * _READINGS_A_SECOND / 10,
            "%",
            n=20,
            reference="at most 5 %",
            against=5,
        )
        kept = [msgspec.msgpack.encode(watch.learned()) for watch in watches]
        number, disk = len(kept), sum(map(len, kept)) / 1024
        memory = _memory(kept)
        report.add("kb_per_sensor", memory, "KB", n=number, reference="at most 100 KB", against=100)
        report.add(
            "mb_of_twenty", 20 * memory / 1024, "MB", n=20, reference="at most 2 MB", against=2
        )
        report.add(
            "kb_on_disk_per_sensor",
            disk / number,
            "KB",
            n=number,
            reference="at most 64 KB",
            against=64,
        )


def _share(report: Report, metric: str, part: int, of: int, wanted: float) -> None:
    share = part / of if of else 0.0
    report.add(metric, share, "of 1", n=of, reference=f"at least {wanted}", against=wanted)


def _memory(kept: list[bytes]) -> float:
    """Kilobytes that a watch takes which was restored and has then seen an hour and more."""
    tracemalloc.start()
    watches = [
        Watch(learned.form, learned=learned)
        for learned in (msgspec.msgpack.decode(one, type=Learned) for one in kept)
    ]
    for watch in watches:
        for minute in range(90):
            watch.update(minute % 2, minute * 60.0, minute * 60.0)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1024 / len(watches)


def _show(tally: Tally) -> None:
    for window in tally.missed:
        start = datetime.fromtimestamp(window.start, UTC)
        print(
            f"missed {window.difficulty:6} {window.kind:8} {start:%Y-%m-%d %H:%M} "
            f"{(window.end - window.start) / 3600:6.1f} h  {', '.join(sorted(window.sensors))}",
            file=sys.stderr,
        )
    found, missed = (
        Counter(f"{one.kind} {one.difficulty}".strip() for one in of)
        for of in (tally.found, tally.missed)
    )
    for kind in sorted(found | missed):
        print(f"{kind:16} {found[kind]} of {found[kind] + missed[kind]}", file=sys.stderr)
    print(dict(sorted(tally.by_kind.items())), file=sys.stderr)
    false = Counter(f"{one.sensor} {one.kind}" for one in tally.false)
    print(dict(false.most_common()), file=sys.stderr)
    for one in tally.false:
        at = datetime.fromtimestamp(one.at, UTC)
        print(f"false  {at:%Y-%m-%d %H:%M} {one.sensor}: {one.text}", file=sys.stderr)


if __name__ == "__main__":
    main()
