"""Two steps, by sides and then by half floats, find what comparing with everything finds."""

import numpy as np

from herdbook.embedding.near import NEAREST, half, likeness, nearest_by_sides, sides


def unit(rows: int, seed: int) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(rows, 384)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_the_truly_nearest_are_among_those_that_are_ranked() -> None:
    kept = unit(5_000, 1)
    rows = [b"".join(map(sides, kept[at : at + 250])) for at in range(0, len(kept), 250)]
    blocks = dict(enumerate(rows))
    for number in range(20):
        wanted = kept[number] + 0.05 * unit(1, number)[0]
        wanted /= np.linalg.norm(wanted)
        places = nearest_by_sides(wanted, blocks)
        assert len(places) == NEAREST
        like = likeness(wanted, [half(kept[place]) for place in places])
        best = places[int(np.argmax(like))]
        assert best == int(np.argmax(kept @ wanted)) == number


def test_only_what_is_allowed_is_looked_at() -> None:
    kept = unit(1_000, 2)
    blocks = {0: b"".join(map(sides, kept))}
    assert set(nearest_by_sides(kept[7], blocks, [3, 5, 999])) == {3, 5, 999}
    allowed = list(range(500, 1_000))
    assert min(nearest_by_sides(kept[7], blocks, allowed)) >= 500
    assert nearest_by_sides(kept[7], blocks, []) == []


def test_nothing_is_near_nothing() -> None:
    assert nearest_by_sides(unit(1, 3)[0], {}) == []
    assert likeness(unit(1, 3)[0], []) == []


def test_a_half_is_as_like_as_the_whole() -> None:
    one, other = unit(2, 4)
    assert abs(likeness(one, [half(other)])[0] - float(one @ other)) < 1e-3
