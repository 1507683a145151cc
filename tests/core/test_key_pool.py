"""Keys take turns; limited ones rest, refused ones are probed, and when none is left the error says which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool, KeyRules, pick

RULES = KeyRules(probe_dead_s=10, probe_dead_cap_s=40, limited_s=1, limited_cap_s=8)


def test_keys_take_turns() -> None:
    pool = KeyPool(3)
    assert [pool.take(float(i)) for i in range(6)] == [0, 1, 2, 0, 1, 2]


def test_a_limited_key_rests_as_long_as_it_was_told_and_is_then_the_last_choice() -> None:
    pool = KeyPool(2, RULES)
    pool.limited(0, 0.0, retry_after_s=30.0)
    assert [pool.take(float(i)) for i in (1, 2, 29, 30, 31)] == [1, 1, 1, 1, 1]
    assert pool.take(31.0, skip=frozenset({1})) == 0


def test_the_longer_rest_wins() -> None:
    pool = KeyPool(2, RULES)
    pool.limited(0, 0.0, retry_after_s=30.0)
    pool.limited(0, 1.0, retry_after_s=2.0)
    with pytest.raises(ProviderError) as caught:
        pool.take(1.0, skip=frozenset({1}))
    assert caught.value.retry_after_s == 29.0


def test_without_a_time_each_limit_rests_twice_as_long_until_it_works_again() -> None:
    pool = KeyPool(2, RULES)
    for now_s, until_s in ((0.0, 1.0), (1.0, 3.0), (3.0, 7.0), (7.0, 15.0), (15.0, 23.0)):
        pool.limited(0, now_s)
        assert pool.states[0].limited_until_s == until_s
    pool.worked(0)
    pool.limited(0, 30.0)
    assert pool.states[0].limited_until_s == 31.0


def test_a_refused_key_is_left_alone_then_probed_once_at_a_time_ever_more_rarely() -> None:
    pool = KeyPool(2, RULES)
    pool.refused(0, 0.0)
    assert pool.take(5.0) == 1
    assert pool.take(11.0, skip=frozenset({1})) == 0
    assert not pool.has_other(11.5, frozenset({1}))
    pool.refused(0, 12.0)
    assert pool.states[0].dead_until_s == 32.0
    pool.refused(0, 32.0)
    pool.refused(0, 72.0)
    assert pool.states[0].dead_until_s == 112.0


def test_a_repaired_key_takes_turns_again() -> None:
    pool = KeyPool(2, RULES)
    pool.refused(0, 0.0)
    assert pool.take(20.0, skip=frozenset({1})) == 0
    pool.worked(0)
    assert {pool.take(21.0), pool.take(22.0)} == {0, 1}


def test_when_every_key_is_refused_the_error_is_of_its_own_class() -> None:
    pool = KeyPool(2, RULES)
    pool.refused(0, 0.0)
    pool.refused(1, 0.0)
    with pytest.raises(ProviderError) as caught:
        pool.take(1.0)
    assert caught.value.kind == "keys_exhausted"
    assert "all of its 2 keys are dead" in str(caught.value)


def test_when_some_are_refused_and_the_rest_limited_it_is_a_limit_with_its_time() -> None:
    pool = KeyPool(2, RULES)
    pool.refused(0, 0.0)
    pool.limited(1, 0.0, retry_after_s=4.0)
    with pytest.raises(ProviderError) as caught:
        pool.take(1.0)
    assert (caught.value.kind, caught.value.retry_after_s) == ("rate_limited", 3.0)


def test_a_single_limited_key_is_still_used() -> None:
    pool = KeyPool(1)
    pool.limited(0, 0.0, retry_after_s=60.0)
    assert pool.take(1.0) == 0


EVENT = st.tuples(
    st.floats(0, 30), st.sampled_from(["worked", "refused", "limited", "told"]), st.integers(0, 2)
)


@given(st.lists(EVENT, max_size=60))
def test_whatever_happens_every_key_comes_back(events: list[tuple[float, str, int]]) -> None:
    pool, now_s = KeyPool(3, RULES), 0.0
    for wait_s, what, index in events:
        now_s += wait_s
        try:
            taken = pool.take(now_s)
        except ProviderError as error:
            assert error.kind in ("keys_exhausted", "rate_limited")
            taken = index
        if what == "worked":
            pool.worked(taken)
        elif what == "refused":
            pool.refused(taken, now_s)
        else:
            pool.limited(taken, now_s, 20.0 if what == "told" else None)
    later_s = now_s + 100.0
    usable = {pick(pool.states, later_s, frozenset({0, 1, 2} - {i})).index for i in range(3)}
    assert usable == {0, 1, 2}
