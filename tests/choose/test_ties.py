from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.choose.ties import Z95, adjacent_ties, is_separable, standings

ARENA = Path(__file__).parents[1] / "known_answers" / "arena_intervals.json"


@pytest.mark.parametrize("kind", ["raw", "style_control"])
def test_at_least_98_of_100_neighbours_on_an_arena_are_not_separable(kind: str) -> None:
    rows = json.loads(ARENA.read_text())[kind]
    assert len(rows) > 280
    assert adjacent_ties([(r, (high - low) / (2 * Z95)) for r, low, high in rows]) >= 0.98


def test_intervals_that_touch_are_a_tie() -> None:
    assert not is_separable(0.50, 0.02, 0.57, 0.02)
    assert is_separable(0.50, 0.02, 0.58, 0.02)
    assert is_separable(0.50, 0, 0.51, 0)


def test_of_two_with_equal_errors_the_chance_of_being_best_is_the_normal_tail() -> None:
    found = standings({"a": (0.60, 0.03), "b": (0.57, 0.04)})
    assert found["a"].p_best == pytest.approx(0.7257, abs=0.002)  # Phi(0.03 / 0.05)
    assert found["a"].tied_with == ("b",)
    assert (found["a"].rank_low, found["a"].rank_high) == (1, 2)


def test_without_errors_the_first_is_the_best() -> None:
    found = standings({"a": (0.6, 0.0), "b": (0.5, 0.0), "c": (0.6, 0.0)})
    assert [found[i].p_best for i in "abc"] == [0.5, 0.0, 0.5]
    assert (found["b"].rank_low, found["b"].rank_high) == (3, 3)


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3),
        st.tuples(st.floats(0, 1), st.floats(0, 0.2)),
        min_size=1,
        max_size=8,
    )
)
def test_chances_add_up_and_ranks_are_ranks(scores: dict[str, tuple[float, float]]) -> None:
    found = standings(scores)
    assert sum(s.p_best for s in found.values()) == pytest.approx(1, abs=0.01)
    for one, stands in found.items():
        assert 1 <= stands.rank_low <= stands.rank_high <= len(scores)
        assert all(one in found[other].tied_with for other in stands.tied_with)
