"""How the waits grow."""

import pytest

from custom_components.herdbook.client import Backoff, backoff


@pytest.fixture(autouse=True)
def _real_waits(_quick_retries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 1.0)
    monkeypatch.setattr(backoff, "LONGEST_S", 60.0)


def test_waits_double_up_to_a_minute() -> None:
    waits = Backoff(lambda: 0.0)
    assert [waits.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    waits.reset()
    assert waits.next_s() == 1


def test_waits_are_spread_by_up_to_half() -> None:
    assert Backoff(lambda: 0.5).next_s() == 0.75
    assert Backoff(lambda: 1.0).next_s() == 0.5
