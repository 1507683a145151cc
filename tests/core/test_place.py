"""The one hash behind sticky choices."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.place import position


def test_positions_are_spread_evenly() -> None:
    places = sorted(position("salt", str(i)) for i in range(2000))
    assert max(b - a for a, b in pairwise(places)) < 0.01


@given(st.text(), st.text())
def test_a_position_is_below_one_and_always_the_same(salt: str, who: str) -> None:
    assert 0 <= position(salt, who) < 1
    assert position(salt, who) == position(salt, who)


def test_a_position_is_the_same_in_every_release() -> None:
    assert position("rollout", "user-1") == 0.5340575115788538
