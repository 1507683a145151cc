"""A win rate at equal length: what it would be if both answers had the same number of words.

Judges like long answers. So wins are explained by a constant and by the difference in length, in a logistic
regression, and the rate is read where that difference is nought. The difference goes through tanh after
division by its spread, so that one endless answer does not set the slope. Idea: Dubois et al. 2024, "Length-
Controlled AlpacaEval", arXiv 2404.04475; without their term for a question's difficulty, which needs other
models' answers.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import exp, log, sqrt, tanh

from msgspec import Struct

from pilothouse.core.stats.proportion import Interval, normal_interval

_STEPS = 100
_PRIOR = 0.5
"""Half a win and half a loss at equal length are added, and the slope is held as by a normal prior of spread
2: then a sweep, or a perfect split by length, has finite figures too."""
_SLOPE_PRECISION = 0.25


class LengthControlled(Struct, frozen=True, kw_only=True):
    """A win rate of `a` at equal length, 0-1, and how much length counts."""

    rate: float
    interval: Interval
    length_effect: float
    """Log-odds of a win for an answer that is longer by much (more than twice the usual difference). 0 = none."""
    length_effect_interval: Interval
    n: int
    clusters: int


def length_controlled(
    values: Sequence[float],
    words_a: Sequence[int],
    words_b: Sequence[int],
    clusters: Sequence[Hashable],
    confidence: float = 0.95,
) -> LengthControlled:
    """`values` are what `a` gets of each pair: 1, 0.5, 0.

    Intervals are Wald's on the log-odds with errors that are robust to clusters (a sandwich). Raises
    `ValueError` on fewer than two pairs.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"{n} pairs say nothing about length")
    differences = [a - b for a, b in zip(words_a, words_b, strict=True)]
    spread = sqrt(sum(d * d for d in differences) / n)
    x = [tanh(d / (2 * spread)) if spread else 0.0 for d in differences]
    constant, slope = _fit(values, x)
    covariance, groups = _sandwich(values, x, constant, slope, clusters)
    odds = normal_interval(constant, sqrt(covariance[0]), confidence)
    effect = normal_interval(slope, sqrt(covariance[1]), confidence)
    return LengthControlled(
        rate=_logistic(constant),
        interval=Interval(_logistic(odds.low), _logistic(odds.high)),
        length_effect=slope,
        length_effect_interval=effect,
        n=n,
        clusters=groups,
    )


def _fit(values: Sequence[float], x: Sequence[float]) -> tuple[float, float]:
    """Newton's method, halved while a step makes it worse: the log-likelihood has one top."""
    constant = slope = 0.0
    best = _likelihood(values, x, constant, slope)
    for _ in range(_STEPS):
        g0, g1, h00, h01, h11 = _derivatives(values, x, constant, slope)
        det = h00 * h11 - h01 * h01
        step0, step1 = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        size = 1.0
        while size > 1e-6:
            tried = _likelihood(values, x, constant + size * step0, slope + size * step1)
            if tried >= best:
                break
            size /= 2
        else:
            break
        constant, slope, best = constant + size * step0, slope + size * step1, tried
        if abs(step0) + abs(step1) < 1e-10:
            break
    return constant, slope


def _likelihood(values: Sequence[float], x: Sequence[float], c: float, s: float) -> float:
    total = _PRIOR * (_log_share(c) + _log_share(-c)) - _SLOPE_PRECISION * s * s / 2
    for y, d in zip(values, x, strict=True):
        z = c + s * d
        total += y * _log_share(z) + (1 - y) * _log_share(-z)
    return total


def _derivatives(
    values: Sequence[float], x: Sequence[float], c: float, s: float
) -> tuple[float, float, float, float, float]:
    """Gradient, and the negative of the second derivatives."""
    p = _logistic(c)
    g0, h00 = _PRIOR * (1 - 2 * p), 2 * _PRIOR * p * (1 - p)
    g1, h01, h11 = -_SLOPE_PRECISION * s, 0.0, _SLOPE_PRECISION
    for y, d in zip(values, x, strict=True):
        p = _logistic(c + s * d)
        w = p * (1 - p)
        g0 += y - p
        g1 += (y - p) * d
        h00 += w
        h01 += w * d
        h11 += w * d * d
    return g0, g1, h00, h01, h11


def _sandwich(
    values: Sequence[float],
    x: Sequence[float],
    c: float,
    s: float,
    clusters: Sequence[Hashable],
) -> tuple[tuple[float, float], int]:
    """Variances of constant and slope, and the number of clusters; never under the model's own."""
    _, _, h00, h01, h11 = _derivatives(values, x, c, s)
    det = h00 * h11 - h01 * h01
    i00, i01, i11 = h11 / det, -h01 / det, h00 / det
    sums: dict[Hashable, tuple[float, float]] = {}
    for y, d, cluster in zip(values, x, clusters, strict=True):
        rest = y - _logistic(c + s * d)
        before = sums.get(cluster, (0.0, 0.0))
        sums[cluster] = (before[0] + rest, before[1] + rest * d)
    groups = len(sums)
    scale = groups / (groups - 1) if groups > 1 else 1.0
    robust0 = scale * sum((i00 * u + i01 * v) ** 2 for u, v in sums.values())
    robust1 = scale * sum((i01 * u + i11 * v) ** 2 for u, v in sums.values())
    return (max(robust0, i00), max(robust1, i11)), groups


def _logistic(z: float) -> float:
    if z >= 0:
        return 1 / (1 + exp(-z))
    e = exp(z)
    return e / (1 + e)


def _log_share(z: float) -> float:
    """log(logistic(z)) without overflow."""
    return -log(1 + exp(-z)) if z > -30 else z
