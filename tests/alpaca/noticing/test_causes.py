from herdbook.alpaca.noticing.causes import Causes
from herdbook.alpaca.noticing.finding import Finding

COLD = Finding("below_usual", 14.0, (19.0, 22.0), 0.9)
BACK = Finding("recovered", 20.0, None, 0.9)


def test_an_open_window_is_one_observation() -> None:
    causes = Causes()
    assert causes.admit("room", "temperature", COLD, 0)
    assert not causes.admit("room", "humidity", COLD, 1200)
    assert not causes.admit("room", "co2", COLD, 3000)
    assert causes.admit("room", "co2", COLD, 3601)


def test_what_comes_with_it_elsewhere_is_not_said_but_what_comes_later_is() -> None:
    causes = Causes()
    assert causes.admit("hall", "light", COLD, 0)
    assert not causes.admit("attic", "light", COLD, 600)
    assert causes.admit("attic", "light", COLD, 1000)


def test_the_end_is_said_only_of_what_was_begun_and_once() -> None:
    causes = Causes()
    assert causes.admit("room", "temperature", COLD, 0)
    assert not causes.admit("room", "humidity", COLD, 10)
    assert not causes.admit("room", "humidity", BACK, 100)
    assert causes.admit("room", "temperature", BACK, 100)
    assert not causes.admit("room", "temperature", BACK, 200)


def test_three_a_day() -> None:
    causes = Causes()
    said = [causes.admit("room", "temperature", COLD, hour * 3600.0) for hour in range(0, 48, 2)]
    assert said.count(True) == 6
    assert said[:4] == [True, True, True, False]
    assert said[12] is True
