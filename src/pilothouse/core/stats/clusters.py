"""The standard error of a mean whose values come in clusters: cases of one document, repeats of one case.

Source: E. Miller, "Adding Error Bars to Evals" (arXiv 2411.00640), eq. 4: the square root of the sum over clusters
of (the sum of residuals) squared, over n; for few clusters times sqrt(G / (G - 1)).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import inf, sqrt


def cluster_sums(values: Sequence[float], clusters: Sequence[Hashable]) -> list[float]:
    """Sums of residuals, one a cluster."""
    mean = sum(values) / len(values)
    sums: dict[Hashable, float] = {}
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + value - mean
    return list(sums.values())


def clustered_error(
    values: Sequence[float], clusters: Sequence[Hashable], *, is_adjusted: bool = True
) -> float:
    """Infinite with one cluster. `is_adjusted`: with the factor for few clusters."""
    sums = cluster_sums(values, clusters)
    error = sqrt(sum([s * s for s in sums])) / len(values)
    if not is_adjusted:
        return error
    count = len(sums)
    return error * sqrt(count / (count - 1)) if count > 1 else inf
