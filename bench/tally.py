"""What of labelled windows was found, and what was said outside them. See `bench.noticing`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

WANTED_RECALL: Final = 0.8


@dataclass(frozen=True)
class Window:
    """Where something is to be noticed, of which sensors.

    What is said up to `after` seconds later is still about it: it neither finds it nor is false.
    """

    start: float
    end: float
    sensors: frozenset[str]
    kind: str = ""
    difficulty: str = ""
    after: float = 0.0


@dataclass(frozen=True)
class Said:
    """An observation."""

    at: float
    sensor: str
    kind: str
    confidence: float
    text: str = ""


@dataclass
class Tally:
    """What was found and what was not."""

    found: list[Window] = field(default_factory=list)
    surest: list[float] = field(default_factory=list)
    missed: list[Window] = field(default_factory=list)
    false: list[Said] = field(default_factory=list)
    inside: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    sensor_weeks: float = 0.0
    samples: int = 0
    seconds: float = 0.0

    def count(self, said: Iterable[Said], windows: list[Window], sensor_weeks: float) -> None:
        """Add a house or a file."""
        self.sensor_weeks += sensor_weeks
        found: dict[Window, float] = {}
        for one in said:
            if one.kind == "recovered":
                continue
            about = [
                window
                for window in windows
                if one.sensor in window.sensors and window.start <= one.at <= window.end
            ]
            for window in about:
                found[window] = max(found.get(window, 0.0), one.confidence)
            self.inside += bool(about)
            for window in about:
                self.by_kind[f"{window.kind} by {one.kind}"] += 1
            if not about and not any(
                one.sensor in window.sensors and window.end < one.at <= window.end + window.after
                for window in windows
            ):
                self.false.append(one)
        self.found += [window for window in windows if window in found]
        self.surest += found.values()
        self.missed += [window for window in windows if window not in found]

    @property
    def windows(self) -> int:
        """How many there are."""
        return len(self.found) + len(self.missed)

    def best_precision(self) -> float | None:
        """The best among all that is so sure of itself that enough is found; None if never."""
        enough = [
            least
            for least in {0.0, *self.surest}
            if self.windows
            and sum(one >= least for one in self.surest) / self.windows >= WANTED_RECALL
        ]
        return max((self._precision(least) for least in enough), default=None)

    def _precision(self, least: float) -> float:
        found = sum(one >= least for one in self.surest)
        return found / (found + sum(one.confidence >= least for one in self.false))
