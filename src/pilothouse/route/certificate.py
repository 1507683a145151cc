"""The promise: at most epsilon of requests are harmed, with confidence 1 - delta, on traffic like the sample.

Tolerances are tried in a fixed order, from "the reference always" on; each is kept while the one-sided Clopper-Pearson
bound of the harm seen is at most epsilon, and the first that fails ends it. Testing in a fixed order needs no
correction for many tests (Maurer, Hothorn & Lehmacher 1995; for risk control Angelopoulos et al. 2021, Learn then
Test). Cases of one group count for less than their number, by the design effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from pilothouse.core.stats.beta import beta_quantile
from pilothouse.core.stats.proportion import Interval
from pilothouse.learned.artefact import Certificate
from pilothouse.route.switching import Labelled

TOLERANCES = tuple(round(-0.5 + step / 200, 3) for step in range(301))
"""-0.5 (only where a model is expected to be better by half) to 1 (always the cheapest), by 0.005."""
EPSILONS = (0.01, 0.02, 0.05, 0.10)
_RESAMPLES = 1_000
_MOST_CASES = 1_000_000
_MORE = 0.05
"""The next tolerance worth labels sends so much more away."""


def certified(
    cases: Sequence[Labelled],
    epsilon: float,
    delta: float = 0.05,
    *,
    quality_usd: float = 0.0,
    at_us: int = 0,
) -> Certificate:
    """`cases` must not have been learned from; `quality_usd` is what they were read with. Raises `ValueError`: none."""
    if not cases:
        raise ValueError("a promise needs cases that nothing was learned from")
    n = len(cases)
    kept: float | None = None
    kept_bound, kept_harmed, kept_away = 0.0, 0, 0
    following: tuple[float, int] | None = None
    for tolerance, away, harmed in _walk(cases):
        bound = upper_bound(harmed, n, delta, _effect(cases, tolerance, harmed))
        if following is None and bound <= epsilon:
            kept, kept_bound, kept_harmed, kept_away = tolerance, bound, len(harmed), away
        elif following is None or away / n < kept_away / n + _MORE:
            following = (tolerance, len(harmed))
        else:
            following = (tolerance, len(harmed))
            break
    saving = None if kept is None or not kept_away else saved(cases, kept)
    return Certificate(
        epsilon=epsilon,
        delta=delta,
        quality_usd=quality_usd,
        tolerance=kept if kept_away else None,
        cases=n,
        harmed=kept_harmed,
        upper_bound=kept_bound,
        routed_share=kept_away / n,
        saving=saving and saving[0],
        saving_low=saving and saving[1].low,
        saving_high=saving and saving[1].high,
        cases_for_next=following and _cases_needed(following[1] / n, epsilon, delta),
        at_us=at_us,
    )


def upper_bound(harmed: Sequence[int], n: int, delta: float, effect: float = 1.0) -> float:
    """One-sided Clopper-Pearson, of n / `effect` independent cases."""
    k, size = len(harmed) / effect, n / effect
    return 1.0 if k >= size else beta_quantile(1 - delta, k + 1, size - k)


def saved(cases: Sequence[Labelled], tolerance: float) -> tuple[float, Interval] | None:
    """1 - cost / the reference's cost, with its 95 % bootstrap interval over groups; None = costs not known."""
    groups: dict[str, tuple[float, float]] = {}
    for case in cases:
        if case.cost_usd is None:
            return None
        spent, without = groups.get(case.group, (0.0, 0.0))
        groups[case.group] = (
            spent + case.cost_usd[case.at(tolerance)],
            without + case.cost_usd[case.reference],
        )
    pairs = list(groups.values())
    whole = sum([b for _, b in pairs])
    if not whole:
        return None
    rng, found = Random(7), list[float]()
    for _ in range(_RESAMPLES):
        drawn = rng.choices(pairs, k=len(pairs))
        found.append(1 - sum([a for a, _ in drawn]) / (sum([b for _, b in drawn]) or 1.0))
    found.sort()
    ends = Interval(found[int(0.025 * _RESAMPLES)], found[int(0.975 * _RESAMPLES) - 1])
    return 1 - sum([a for a, _ in pairs]) / whole, ends


def _walk(cases: Sequence[Labelled]) -> Iterator[tuple[float, int, list[int]]]:
    """(tolerance, requests sent away, positions of those harmed), in the fixed order."""
    changes: dict[int, set[int]] = {}
    for i, case in enumerate(cases):
        for start in case.from_tolerance:
            step = next((s for s, t in enumerate(TOLERANCES) if t >= start), None)
            if step is not None:
                changes.setdefault(step, set()).add(i)
    away: set[int] = set()
    harmed: set[int] = set()
    for step, tolerance in enumerate(TOLERANCES):
        for i in changes.get(step, ()):
            case = cases[i]
            (away.add if case.at(tolerance) != case.reference else away.discard)(i)
            (harmed.add if case.is_harmed(tolerance) else harmed.discard)(i)
        yield tolerance, len(away), sorted(harmed)


def _effect(cases: Sequence[Labelled], tolerance: float, harmed: Sequence[int]) -> float:
    """How many cases count for one independent one: variance between groups over that of single cases, at least 1."""
    n, k = len(cases), len(harmed)
    if k == 0 or k == n:
        return 1.0
    rate = k / n
    sums: dict[str, float] = {}
    bad = set(harmed)
    for i, case in enumerate(cases):
        sums[case.group] = sums.get(case.group, 0.0) + (i in bad) - rate
    if len(sums) == n:
        return 1.0
    return max(1.0, sum([s * s for s in sums.values()]) / (n * rate * (1 - rate)))


def _cases_needed(rate: float, epsilon: float, delta: float) -> int | None:
    """The fewest cases whose bound is at most epsilon when they are harmed at this rate; None = no number is."""
    if rate >= epsilon:
        return None
    low, high = 1, _MOST_CASES

    def holds(n: int) -> bool:
        return beta_quantile(1 - delta, rate * n + 1, n - rate * n) <= epsilon

    if not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
