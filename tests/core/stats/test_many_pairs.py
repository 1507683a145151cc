"""McNemar's exact test where the pairs are too many to be summed one by one."""

from math import comb

import pytest

from pilothouse.core.stats.paired import mcnemar_exact


@pytest.mark.parametrize(
    ("a", "b"), [(500, 501), (600, 700), (1000, 1400), (300, 2000), (3000, 3000)]
)
def test_many_discordant_pairs_give_the_p_that_whole_numbers_give(a: int, b: int) -> None:
    n = a + b
    exact = min(1.0, 2 * sum(comb(n, k) for k in range(min(a, b) + 1)) / 2**n)
    assert mcnemar_exact(a, b) == pytest.approx(exact, rel=1e-10)


def test_a_hundred_thousand_discordant_pairs_are_no_work() -> None:
    """They took minutes: the sum grows with their square."""
    assert mcnemar_exact(50_000, 50_000) == pytest.approx(1.0)
    assert 0 < mcnemar_exact(49_000, 51_000) < 1e-9
