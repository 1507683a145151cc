"""pass@k, the chance that one of k samples passes, and pass^k, the chance that all of them do.

Both without bias, from n samples of which c passed. Sources: M. Chen et al., "Evaluating Large Language Models
Trained on Code" (arXiv 2107.03374), eq. 1; S. Yao et al., "tau-bench" (arXiv 2406.12045), sec. 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from msgspec import structs

from pilothouse.core.stats.mean_interval import MeanInterval, exact_of, mean_interval

_FEW = 20
"""Cases' worth of passes (or of failures) below which Student's t covers as little as 59 times in 100."""


def pass_at_k(n: int, c: int, k: int) -> float:
    """1 - C(n - c, k) / C(n, k). Raises `ValueError` unless 0 <= c <= n and 1 <= k <= n."""
    return 1 - pass_hat_k(n, n - c, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """C(c, k) / C(n, k). Raises `ValueError` unless 0 <= c <= n and 1 <= k <= n."""
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"{c} of {n} samples, k = {k}: k must be 1 to the number of samples")
    if c < k:
        return 0.0
    passed = 1.0
    for i in range(c + 1, n + 1):
        passed *= 1 - k / i
    return passed


def mean_over_cases(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None
) -> MeanInterval:
    """Of one such chance for each case. Raises `ValueError` on no values.

    Near 0 and 1 its interval is that of as many cases that each pass or fail: values between vary less, so it is
    no narrower than it must be (simulated in tests/core/stats/test_intervals_cover.py).
    """
    found = mean_interval(values, clusters)
    is_share = all(v in (0.0, 1.0) for v in values)
    if is_share or found.clusters * min(found.value, 1 - found.value) >= _FEW:
        return found
    exact = exact_of(found.value, found.clusters)
    how = f"Clopper-Pearson for {found.clusters} cases"
    return structs.replace(found, interval=exact, promise=exact, how=how)
