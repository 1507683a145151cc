"""The promise: at most epsilon of requests are harmed, with confidence 1 - delta, on traffic like the sample.

Tolerances are tried in a fixed order, from "the reference always" on; each is kept while the one-sided Clopper-Pearson
bound of the harm seen is at most epsilon, and the first that fails ends it. Testing in a fixed order needs no
correction for many tests (Maurer, Hothorn & Lehmacher 1995; for risk control Angelopoulos et al. 2021, Learn then
Test). Cases of one group count for less than their number, by the design effect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import comb
from random import Random
from typing import NamedTuple

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
    found, n = kept(cases, epsilon, delta), len(cases)
    is_any = found.tolerance is not None
    saving = saved(cases, found.tolerance) if found.tolerance is not None else None
    return Certificate(
        epsilon=epsilon,
        delta=delta,
        quality_usd=quality_usd,
        tolerance=found.tolerance,
        cases=n,
        harmed=found.harmed if is_any else 0,
        upper_bound=found.bound if is_any else 0.0,
        routed_share=found.away / n,
        chance=None if found.tolerance is None else by_chance(cases, found.tolerance),
        saving=saving and saving[0],
        saving_low=saving and saving[1].low,
        saving_high=saving and saving[1].high,
        cases_for_next=None
        if found.next_harmed is None
        else _cases_needed(found.next_harmed / n, epsilon, delta),
        at_us=at_us,
    )


class Kept(NamedTuple):
    """The largest tolerance whose bound holds; None = not one sends anything away."""

    tolerance: float | None
    harmed: int
    bound: float
    away: int
    next_harmed: int | None
    """Of the cases, at the first tolerance that fails and sends a twentieth more away, or at the last."""


def kept(cases: Sequence[Labelled], epsilon: float, delta: float) -> Kept:
    """Walks the tolerances in their order."""
    n = len(cases)
    best = Kept(None, 0, 0.0, 0, None)
    has_failed = False
    before: list[int] = []
    bound = upper_bound(before, n, delta)
    for tolerance, away, harmed in _walk(cases):
        if harmed != before:
            bound = upper_bound(harmed, n, delta, _effect(cases, harmed))
            before = harmed
        has_failed = has_failed or bound > epsilon
        if not has_failed:
            best = Kept(tolerance if away else None, len(harmed), bound, away, None)
            continue
        best = best._replace(next_harmed=len(harmed))
        if away >= best.away + _MORE * n:
            break
    return best


def upper_bound(harmed: Sequence[int], n: int, delta: float, effect: float = 1.0) -> float:
    """One-sided Clopper-Pearson, of n / `effect` independent cases."""
    k, size = len(harmed) / effect, n / effect
    return 1.0 if k >= size else beta_quantile(1 - delta, k + 1, size - k)


def by_chance(cases: Sequence[Labelled], tolerance: float) -> float:
    """P(as many drawn at random of those that could go harm as few or fewer): hypergeometric."""
    could = [case for case in cases if case.from_tolerance]
    bad = sum(case.is_harmed(TOLERANCES[-1]) for case in could)
    taken = [case for case in could if case.at(tolerance) != case.reference]
    seen = sum(case.is_harmed(tolerance) for case in taken)
    whole, count = len(could), len(taken)
    ways = comb(whole, count)
    return sum(
        [comb(bad, k) * comb(whole - bad, count - k) / ways for k in range(seen + 1) if k <= count]
    )


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
            changes.setdefault(bisect_left(TOLERANCES, start), set()).add(i)
    away: set[int] = set()
    harmed: set[int] = set()
    for step, tolerance in enumerate(TOLERANCES):
        for i in changes.get(step, ()):
            case = cases[i]
            (away.add if case.at(tolerance) != case.reference else away.discard)(i)
            (harmed.add if case.is_harmed(tolerance) else harmed.discard)(i)
        yield tolerance, len(away), sorted(harmed)


def _effect(cases: Sequence[Labelled], harmed: Sequence[int]) -> float:
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
