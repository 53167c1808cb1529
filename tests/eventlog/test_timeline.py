"""Times of machines whose clocks were wrong: boots in 1970, jumps, drift."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.clock import Quality
from herdbook.errors import InputError
from herdbook.eventlog.event import CLOCK, OBSERVATION, Event, encode_payload
from herdbook.eventlog.readings import ReadingsPayload, pack
from herdbook.eventlog.timeline import (
    MOST_POINTS,
    STEP_MS,
    ClockPayload,
    Moment,
    Timekeeper,
    Timeline,
    offset_at,
)
from tests.eventlog.samples import CO2, SYNCED_MS, event

HOUR = 3_600_000
DAY = 24 * HOUR


class Machine:
    """A Pi: `now` is the true time, `error` how wrong its clock is, `monotonic` this boot's."""

    def __init__(self) -> None:
        self.now = SYNCED_MS
        self.boots = self.seq = 0
        self.timeline = Timeline()
        self.boot()

    def boot(self, wall_ms: int = 0) -> None:
        self.boots += 1
        self.monotonic = 1_000
        self.quality: Quality = "unset" if wall_ms < SYNCED_MS - 30 * DAY else "unknown"
        self.error = wall_ms - self.now
        self.keeper = Timekeeper()

    def wait(self, milliseconds: int, *, drift_ppm: int = 0) -> None:
        self.now += milliseconds
        self.error += milliseconds * drift_ppm // 1_000_000
        self.monotonic += milliseconds + milliseconds * drift_ppm // 1_000_000

    def sync(self) -> None:
        self.error, self.quality = 0, "synced"

    def log(self, kind: str = OBSERVATION, payload: object = CO2) -> Event:
        """An event of this moment; a `clock` event is learned before it where one is due."""
        wall = self.now + self.error
        due = self.keeper.notice(wall, self.monotonic, self.quality)
        if due is not None:
            self.timeline.learn(self._event(CLOCK, due))
        return self._event(kind, payload)

    def _event(self, kind: str, payload: object) -> Event:
        self.seq += 1
        return event(
            self.seq,
            boot_id=f"boot {self.boots}",
            monotonic_ms=self.monotonic,
            wall_ms=self.now + self.error,
            clock_quality=self.quality,
            kind=kind,
            payload=encode_payload(payload),  # type: ignore[arg-type]
        )


@pytest.fixture
def pi() -> Machine:
    return Machine()


def test_a_boot_in_1970_is_put_right_once_the_time_is_known(pi: Machine) -> None:
    pi.wait(5_000)
    early, then = pi.log(), pi.now
    assert early.wall_ms < DAY
    assert pi.timeline.moment_of(early) == Moment(early.wall_ms, known=False)
    pi.wait(3 * HOUR)
    pi.sync()
    late = pi.log()
    assert pi.timeline.moment_of(early) == Moment(then, known=True)
    assert pi.timeline.moment_of(late) == Moment(pi.now, known=True)


def test_a_boot_that_never_learned_the_time_stays_about(pi: Machine) -> None:
    lost = pi.log()
    pi.wait(DAY)
    pi.boot()
    pi.sync()
    pi.log()
    assert pi.timeline.moment_of(lost) == Moment(lost.wall_ms, known=False)


def test_a_clock_set_to_a_wrong_time_by_hand_changes_nothing(pi: Machine) -> None:
    pi.wait(HOUR)
    pi.error += 40 * DAY
    pi.quality = "unknown"
    jumped, then = pi.log(), pi.now
    pi.wait(HOUR)
    pi.sync()
    pi.log()
    assert pi.timeline.moment_of(jumped) == Moment(then, known=True)


def test_a_clock_that_runs_fast_is_taken_to_have_drifted_evenly(pi: Machine) -> None:
    pi.sync()
    pi.log()
    pi.quality = "unknown"  # the network is gone
    moments = []
    for _ in range(100):
        pi.wait(DAY, drift_ppm=80)
        moments.append((pi.log(), pi.now))
    assert pi.error > 600_000
    pi.sync()
    pi.log()
    for logged, true in moments:
        found = pi.timeline.moment_of(logged)
        assert found.known
        assert abs(found.wall_ms - true) < 1_000


def test_what_was_synchronised_stands_whatever_came_later(pi: Machine) -> None:
    pi.sync()
    logged = pi.log()
    pi.wait(DAY)
    pi.error, pi.quality = 5 * HOUR, "synced"  # a wrong time server
    pi.log()
    assert pi.timeline.moment_of(logged) == Moment(logged.wall_ms, known=True)


def block(pi: Machine, count: int = 6) -> ReadingsPayload:
    """Samples ten seconds apart, the last one just now."""
    begun, monotonic = pi.now + pi.error, pi.monotonic
    samples = [(begun + 10_000 * number, 20.0) for number in range(count)]
    pi.wait(10_000 * (count - 1))
    return pack("t", None, samples, offset_ms=begun - monotonic)


def test_readings_are_put_right_by_the_time_of_their_first(pi: Machine) -> None:
    begun = pi.now
    early = block(pi)
    pi.sync()  # before the block is logged
    logged = pi.log("readings", early)
    assert logged.clock_quality == "synced"
    assert early.start_ms < DAY
    assert pi.timeline.start_of(logged, early) == Moment(begun, known=True)
    begun = pi.now
    good = block(pi)
    assert pi.timeline.start_of(pi.log("readings", good), good) == Moment(begun, known=True)


def test_readings_of_an_older_node_move_with_their_event(pi: Machine) -> None:
    begun = pi.now
    early = pack("t", None, [(pi.now + pi.error, 1.0)])
    pi.wait(60_000)
    logged = pi.log("readings", early)
    assert pi.timeline.start_of(logged, early) == Moment(early.start_ms, known=False)
    pi.sync()
    pi.log()
    assert pi.timeline.start_of(logged, early) == Moment(begun, known=True)


def test_a_clock_event_is_due_once_and_when_the_clock_is_set_anew() -> None:
    keeper = Timekeeper()
    assert keeper.notice(0, 1_000, "unset") is None
    assert keeper.notice(SYNCED_MS, 2_000, "unknown") is None
    assert keeper.notice(SYNCED_MS, 2_000, "synced") == ClockPayload(SYNCED_MS - 2_000)
    assert keeper.notice(SYNCED_MS + DAY + STEP_MS - 1, 2_000 + DAY, "synced") is None
    jumped = keeper.notice(SYNCED_MS + DAY + STEP_MS, 2_000 + DAY, "synced")
    assert jumped == ClockPayload(SYNCED_MS + STEP_MS - 2_000)
    assert keeper.notice(SYNCED_MS, 2_000, "unset") is None


def test_what_is_no_clock_event_is_refused_and_a_flood_is_bounded() -> None:
    timeline = Timeline()
    with pytest.raises(InputError, match="clock"):
        timeline.learn(event(1, kind=CLOCK))
    for number in range(MOST_POINTS + 10):
        payload = encode_payload(ClockPayload(number))
        timeline.learn(event(1, kind=CLOCK, monotonic_ms=number, payload=payload))
    assert sum(len(points) for points in timeline._points.values()) == MOST_POINTS


POINTS = st.lists(
    st.tuples(st.integers(0, 2**53 - 1), st.integers(-(2**53) + 1, 2**53 - 1)),
    min_size=1,
    max_size=6,
).map(sorted)


@settings(deadline=None)
@given(POINTS, st.integers(0, 2**53 - 1))
def test_an_offset_lies_between_its_neighbours(points: list[tuple[int, int]], at: int) -> None:
    offsets = [offset for _, offset in points]
    assert min(offsets) <= offset_at(points, at) <= max(offsets)


@settings(deadline=None)
@given(POINTS, st.integers(0, 2**53 - 1), st.permutations(range(6)))
def test_the_order_in_which_clocks_are_learned_does_not_matter(
    points: list[tuple[int, int]], at: int, order: list[int]
) -> None:
    logged = event(1, monotonic_ms=at, wall_ms=0, clock_quality="unset")
    moments = []
    for numbers in (range(6), order):
        timeline = Timeline()
        for number in numbers:
            if number < len(points):
                monotonic, offset = points[number]
                payload = encode_payload(ClockPayload(offset))
                timeline.learn(event(1, kind=CLOCK, monotonic_ms=monotonic, payload=payload))
        moments.append(timeline.moment_of(logged))
    assert moments[0] == moments[1]
