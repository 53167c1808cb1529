import pytest

from herdbook.errors import InputError
from herdbook.llama.pending import COUNT_LIMIT, LIMIT_MS, Pending
from tests.fakes.clock import ManualClock


def test_a_crowd_keeps_nobody_out() -> None:
    """Anybody at the panel can begin to make vaults and leave them."""
    pending: Pending[int] = Pending(ManualClock())
    tokens = [pending.add(number) for number in range(COUNT_LIMIT + 10)]
    assert pending.get(tokens[-1]) == COUNT_LIMIT + 9
    assert pending.get(tokens[10]) == 10, "for as long as there is room"
    for token in tokens[:10]:
        with pytest.raises(InputError, match="Start again"):
            pending.get(token)


def test_what_has_expired_makes_room_first() -> None:
    clock = ManualClock()
    pending: Pending[int] = Pending(clock)
    old = [pending.add(number) for number in range(COUNT_LIMIT - 1)]
    clock.advance(LIMIT_MS - 1)
    young = pending.add(-1)
    clock.advance(1)
    pending.add(-2)
    assert pending.get(young) == -1
    with pytest.raises(InputError):
        pending.get(old[-1])
