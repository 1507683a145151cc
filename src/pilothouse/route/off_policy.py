"""What another policy would have given, from decisions that were drawn with known chances; before it is promoted.

Intervals are Student's t over groups, with as many degrees of freedom as the spread of so skewed terms is known
with (Satterthwaite: 2 G / (kurtosis - 1)). `bound` is the one that holds for every number of rows (empirical
Bernstein); it is far wider. What was never tried is not estimated: see `untried_share` and `support`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf, isclose, sqrt
from statistics import NormalDist
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.clusters import cluster_sums
from pilothouse.core.stats.empirical_bernstein import empirical_bernstein
from pilothouse.core.stats.proportion import Interval
from pilothouse.core.stats.student import t_quantile
from pilothouse.route.off_policy_terms import (
    Logged,
    Method,
    Proposed,
    Weighed,
    check,
    terms,
    weighed,
)

Verdict = Literal["better", "not worse", "worse", "not yet known", "not identified"]
MARGIN = 0.01
LEAST_SWITCHES = 20
"""Fewer effective tries of what the new policy would do differently prove nothing, however they went."""
_SUPPORT_CONFIDENCE = 0.999
_POWER = 0.8
_MOST_ROWS = 10**9
_METHODS: tuple[Method, ...] = ("IPS", "SNIPS", "DR")


class Estimate(Struct, frozen=True, kw_only=True):
    """A mean, or a difference of two. `bound` holds for any number of rows; None = the values have no bounds."""

    value: float
    standard_error: float
    interval: Interval
    bound: Interval | None = None


class Estimated(Struct, frozen=True, kw_only=True):
    """The new policy by one method, and the new one less the logger on the same rows."""

    method: Method
    new: Estimate
    difference: Estimate


class Measured(Struct, frozen=True, kw_only=True):
    """Quality (0-1) or cost (USD a request)."""

    rows: int
    own: Estimate
    """Of the policy that took the logged decisions."""
    by: tuple[Estimated, ...]
    best: Estimated
    """DR where there are predictions, else SNIPS; chosen before anything is looked at."""


class OffPolicy(Struct, frozen=True, kw_only=True):
    """What the log says of the new policy."""

    rows: int
    groups: int
    effective_rows: float
    """Equally weighted rows that would know as much: (sum of weights) squared over sum of squares."""
    effective_switches: float
    """The same of the excess over 1: tries of what the new policy does more often than the logger."""
    largest_weight: float
    untried_share: float
    """Of the new policy's choices, those of models that the log never chose."""
    support: float
    """The mean weight: 1 where the logger could have chosen all that the new policy chooses; the rest is missing."""
    support_bound: Interval
    quality: Measured
    cost: Measured | None
    """Over the rows whose cost is known; None = there are none."""
    margin: float
    verdict: Verdict
    strict_verdict: Verdict
    """The same by `bound`: sure for any number of rows."""
    more_needed: int | None
    """About how many more rows would settle it (power 80 %); None = settled, or nobody can say."""


def estimate(
    logged: Sequence[Logged],
    proposed: Sequence[Proposed],
    *,
    margin: float = MARGIN,
    confidence: float = 0.95,
) -> OffPolicy:
    """One of `proposed` for each of `logged`. `margin`: how much worse (0-1) is still well enough.

    Raises `InvalidInput` with the row: a propensity of 0, above 1 or unknown; chances that do not add up to 1.
    """
    check(logged, proposed)
    if not 0 <= margin < 1:
        raise InvalidInput(f"the margin is {margin:g}, not within 0-1")
    pairs = list(zip(logged, proposed, strict=True))
    rows = [weighed(row, new, row.reward, new.good) for row, new in pairs]
    ratios = [r.ratio for r in rows]
    sample = _Sample(logged, confidence)
    most = max([max(new.chances.values()) for new in proposed]) / min(
        [row.propensity or 1.0 for row in logged]
    )
    quality = _measured(rows, sample, (1.0, most))
    priced = [(row, new) for row, new in pairs if row.cost_usd is not None]
    cost = None
    if priced:
        of_cost = [weighed(row, new, row.cost_usd or 0.0, new.cost_usd) for row, new in priced]
        cost = _measured(of_cost, _Sample([row for row, _ in priced], confidence), None)
    tried = {row.chosen for row in logged}
    untried = sample.mean(
        [sum([c for k, c in new.chances.items() if k not in tried]) for new in proposed]
    )
    support = _Sample(logged, _SUPPORT_CONFIDENCE).estimate(ratios, (0.0, most))
    assert support.bound is not None
    switches = _effective(
        [w * max(0.0, r - 1) for w, r in zip(sample.weights, ratios, strict=True)]
    )
    is_same = all(isclose(r, 1.0) for r in ratios)
    is_identified = untried <= margin and support.bound.low <= 1 <= support.bound.high
    found = quality.best.difference

    def verdict(interval: Interval | None) -> Verdict:
        if is_same:
            return "not worse"
        if not is_identified:
            return "not identified"
        if switches < LEAST_SWITCHES or interval is None:
            return "not yet known"
        return _against(Interval(interval.low - untried, interval.high + untried), margin)

    settled = verdict(found.interval)
    return OffPolicy(
        rows=len(rows),
        groups=sample.groups,
        effective_rows=_effective([w * r for w, r in zip(sample.weights, ratios, strict=True)]),
        effective_switches=switches,
        largest_weight=max(ratios),
        untried_share=untried,
        support=support.value,
        support_bound=support.bound,
        quality=quality,
        cost=cost,
        margin=margin,
        verdict=settled,
        strict_verdict=verdict(found.bound),
        more_needed=_more_needed(found, len(rows), switches, margin, confidence)
        if settled == "not yet known"
        else None,
    )


class _Sample:
    """Rows as a sample: which belong together, and how many each stands for (1 on average)."""

    def __init__(self, logged: Sequence[Logged], confidence: float) -> None:
        total = sum([row.weight for row in logged])
        self.weights = [row.weight * len(logged) / total for row in logged]
        self._of = [row.id if row.group is None else row.group for row in logged]
        self.groups = len(set(self._of))
        self._confidence = confidence

    def mean(self, values: Sequence[float]) -> float:
        return sum([w * v for w, v in zip(self.weights, values, strict=True)]) / len(values)

    def estimate(
        self, values: Sequence[float], within: tuple[float, float] | None = None
    ) -> Estimate:
        """`within`: bounds of every value, where there are any."""
        n, groups = len(values), self.groups
        mean = self.mean(values)
        residuals = [mean + w * (v - mean) for w, v in zip(self.weights, values, strict=True)]
        sums = cluster_sums(residuals, self._of)
        error = inf
        around = Interval(-inf, inf)
        if groups > 1:
            error = sqrt(sum([s * s for s in sums]) * groups / (groups - 1)) / n
            half = t_quantile(self._confidence, _freedom(sums)) * error if error > 0 else 0.0
            around = Interval(mean - half, mean + half)
        bound = None if within is None else self._bound(values, within)
        return Estimate(value=mean, standard_error=error, interval=around, bound=bound)

    def _bound(self, values: Sequence[float], within: tuple[float, float]) -> Interval:
        """By groups, which are independent: each a sum of its rows, at most as large as the largest group's."""
        sums: dict[str, float] = {}
        sizes: dict[str, float] = {}
        scale = self.groups / len(values)
        for value, weight, of in zip(values, self.weights, self._of, strict=True):
            sums[of] = sums.get(of, 0.0) + scale * weight * value
            sizes[of] = sizes.get(of, 0.0) + scale * weight
        most = max(sizes.values())
        low, high = min(0.0, within[0]) * most, max(0.0, within[1]) * most
        return empirical_bernstein(list(sums.values()), low, high, self._confidence)


def _measured(
    rows: Sequence[Weighed], sample: _Sample, limits: tuple[float, float] | None
) -> Measured:
    """`limits`: the most that a value, and that a weight, can be."""
    own = [r.value for r in rows]
    found: list[Estimated] = []
    for method in _METHODS:
        each = terms(rows, sample.weights, method)
        if each is None:
            continue
        within = None
        if limits is not None and method != "SNIPS":
            value, weight = limits
            within = (
                (0.0, value * weight)
                if method == "IPS"
                else (-value * weight, value * (1 + weight))
            )
        less = [x - y for x, y in zip(each, own, strict=True)]
        apart = None if within is None or limits is None else (within[0] - limits[0], within[1])
        found.append(
            Estimated(
                method=method,
                new=sample.estimate(each, within),
                difference=sample.estimate(less, apart),
            )
        )
    return Measured(
        rows=len(rows),
        own=sample.estimate(own, None if limits is None else (0.0, limits[0])),
        by=tuple(found),
        best=found[-1],
    )


def _freedom(sums: Sequence[float]) -> float:
    """Degrees of freedom of the variance of `sums`, whose mean is 0."""
    groups = len(sums)
    second = sum([s**2 for s in sums]) / groups
    if second <= 0:
        return groups - 1
    kurtosis = sum([(s * s / second) ** 2 for s in sums]) / groups
    return max(1.0, min(groups - 1.0, 2 * groups / (kurtosis - 1) if kurtosis > 1 else inf))


def _effective(weights: Sequence[float]) -> float:
    squares = sum([w * w for w in weights])
    return sum(weights) ** 2 / squares if squares > 0 else 0.0


def _against(interval: Interval, margin: float) -> Verdict:
    if interval.low > 0:
        return "better"
    if interval.low >= -margin:
        return "not worse"
    return "worse" if interval.high < -margin else "not yet known"


def _more_needed(
    found: Estimate, rows: int, switches: float, margin: float, confidence: float
) -> int | None:
    """Until the interval is expected to lie on one side of -margin, and enough was tried."""
    away = abs(found.value + margin)
    if switches <= 0 or away <= 0 or found.standard_error == inf:
        return None
    normal = NormalDist()
    z = normal.inv_cdf(1 - (1 - confidence) / 2) + normal.inv_cdf(_POWER)
    needed = rows * max((z * found.standard_error / away) ** 2, LEAST_SWITCHES / switches)
    return ceil(max(1.0, needed - rows)) if needed < _MOST_ROWS else None
