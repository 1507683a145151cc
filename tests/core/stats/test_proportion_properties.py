"""What must hold of intervals for every k of n."""

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.stats.beta import beta_quantile, incomplete_beta
from pilothouse.core.stats.proportion import clopper_pearson, clopper_pearson_upper, wilson
from pilothouse.core.stats.quantile import quantile

below_n = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n)))


@given(below_n)
def test_one_success_more_moves_both_bounds_up(kn: tuple[int, int]) -> None:
    k, n = kn
    for interval in (wilson, clopper_pearson):
        fewer, more = interval(k, n), interval(k + 1, n)
        assert fewer.low <= more.low
        assert fewer.high <= more.high


@given(below_n)
def test_success_and_failure_mirror_each_other(kn: tuple[int, int]) -> None:
    k, n = kn
    for interval in (wilson, clopper_pearson):
        one, other = interval(k, n), interval(n - k, n)
        assert abs(one.low - (1 - other.high)) < 1e-9


@given(below_n)
def test_more_confidence_is_a_wider_interval(kn: tuple[int, int]) -> None:
    for interval in (wilson, clopper_pearson):
        narrow, wide = interval(*kn, 0.9), interval(*kn, 0.99)
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(below_n)
def test_a_one_sided_bound_is_below_the_two_sided_one(kn: tuple[int, int]) -> None:
    assert clopper_pearson_upper(*kn) <= clopper_pearson(*kn).high


@given(st.floats(0.001, 0.999), st.integers(1, 300), st.integers(1, 300))
def test_the_beta_quantile_undoes_the_beta_function(p: float, a: int, b: int) -> None:
    assert abs(incomplete_beta(beta_quantile(p, a, b), a, b) - p) < 1e-9


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_quantile_lies_between_its_bounds(values: list[float], p: float) -> None:
    found = quantile(values, p)
    assert found.low is None or found.low <= found.value
    assert found.high is None or found.value <= found.high
