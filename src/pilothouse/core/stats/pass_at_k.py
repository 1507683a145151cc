"""pass@k: the chance that one of k samples passes, from n samples of which c passed, without bias.

Source: M. Chen et al., "Evaluating Large Language Models Trained on Code" (arXiv 2107.03374), eq. 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval


def pass_at_k(n: int, c: int, k: int) -> float:
    """1 - C(n - c, k) / C(n, k). Raises `ValueError` unless 0 <= c <= n and 1 <= k <= n."""
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"{c} of {n} samples, k = {k}: k must be 1 to the number of samples")
    if n - c < k:
        return 1.0
    missed = 1.0
    for i in range(n - c + 1, n + 1):
        missed *= 1 - k / i
    return 1 - missed


def mean_pass_at_k(counts: Sequence[tuple[int, int]], k: int) -> MeanInterval:
    """Over problems, (samples, passed) each, with its interval."""
    return mean_interval([pass_at_k(n, c, k) for n, c in counts])
