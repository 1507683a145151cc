"""The paired cluster bootstrap: an interval for any figure of clusters, by drawing clusters again.

Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), ch. 13 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import floor
from typing import Protocol

from pilothouse.core.stats.proportion import Interval


class Draws(Protocol):
    """What is needed of `random.Random`."""

    def randrange(self, stop: int, /) -> int: ...


def paired_bootstrap(
    a: Sequence[float],
    b: Sequence[float],
    draws: Draws,
    clusters: Sequence[Hashable] | None = None,
    *,
    times: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """Of the mean of a less b, over the same cases; whole clusters are drawn."""
    keys: Sequence[Hashable] = range(len(a)) if clusters is None else clusters
    sums: dict[Hashable, tuple[float, int]] = {}
    for x, y, key in zip(a, b, keys, strict=True):
        total, n = sums.get(key, (0.0, 0))
        sums[key] = (total + x - y, n + 1)
    return bootstrap(list(sums.values()), _mean, draws, times=times, confidence=confidence)


def bootstrap(
    groups: Sequence[tuple[float, int]],
    figure: Callable[[Sequence[tuple[float, int]]], float],
    draws: Draws,
    *,
    times: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """The percentile interval of `figure` over (sum, count) of groups drawn with replacement."""
    n = len(groups)
    if n == 0:
        raise ValueError("no groups, nothing to draw")
    drawn = sorted([figure([groups[draws.randrange(n)] for _ in range(n)]) for _ in range(times)])
    tail = (1 - confidence) / 2
    low = drawn[min(times - 1, floor(tail * times))]
    return Interval(low, drawn[max(0, times - 1 - floor(tail * times))])


def _mean(groups: Sequence[tuple[float, int]]) -> float:
    return sum([total for total, _ in groups]) / sum([n for _, n in groups])
