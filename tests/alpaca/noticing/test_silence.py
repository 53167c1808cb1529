from herdbook.alpaca.noticing.silence import Silence


def test_a_gap_is_said_once_and_so_is_its_end() -> None:
    silence = Silence(interval=30)
    assert silence.seen(20.0, 0) is None
    said = [silence.missing(at) for at in range(30, 3600, 30)]
    found = [one for one in said if one is not None]
    assert [(one.kind, one.seconds, one.value) for one in found] == [("missing", 900, None)]
    back = silence.seen(21.0, 3600)
    assert back is not None
    assert (back.kind, back.seconds, back.value) == ("recovered", 3570, 21.0)
    assert silence.seen(21.0, 3630) is None


def test_a_short_gap_is_not() -> None:
    silence = Silence(interval=30)
    assert silence.missing(0) is None
    assert silence.missing(600) is None
    assert silence.seen(1.0, 630) is None


def test_a_slow_sensor_may_miss_some_readings() -> None:
    silence = Silence(interval=600)
    assert [silence.missing(at) for at in range(0, 3600, 600)] == [None] * 6
    assert silence.missing(3600) is not None


def test_gaps_that_come_every_day_are_usual() -> None:
    silence = Silence(interval=30)
    said = 0
    for day in range(20):
        for at in range(0, 1800, 30):
            said += silence.missing(day * 86_400 + at) is not None
        silence.seen(1.0, day * 86_400 + 1800)
    assert said <= 6


def test_a_long_gap_does_not_hide_the_next_one() -> None:
    silence = Silence(60.0)
    for day in range(40):
        at = day * 86_400.0
        if day == 30:
            assert any(silence.missing(at + minute * 60) for minute in range(600))
        silence.seen(1.0, at + 40_000)
    later = 40 * 86_400.0
    said = [silence.missing(later + minute * 60) for minute in range(60)]
    assert sum(one is not None for one in said) == 1
