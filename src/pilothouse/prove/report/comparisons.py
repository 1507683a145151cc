"""Candidates on the same cases, pair by pair: differences with intervals, corrected for how many there are.

p-values are Holm's: with 95 % none of the differences called real is chance, however many pairs stand here.
Source: S. Holm, Scandinavian Journal of Statistics 6 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.stats.difference import Difference, difference
from pilothouse.core.stats.multiple import holm
from pilothouse.core.stats.paired import paired
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.report.answers import Answers, score


class Comparison(Struct, frozen=True, kw_only=True):
    """`a` against `b` over the cases both were graded on; `difference` is accuracy of a less that of b."""

    a: str
    b: str
    n: int
    """Cases."""
    difference: float
    standard_error: float
    interval: Interval
    p: float
    p_holm: float
    """`p` among all pairs of the report."""
    how: str
    only_a: int
    """Cases where a is better."""
    only_b: int
    mcnemar_p: float | None
    """Exact; None with repeats, clusters or graded values."""
    is_real: bool = False
    """Whether the difference stands after Holm's correction at 5 %."""


SIGNIFICANT = 0.05


def comparisons(candidates: Sequence[Answers], baseline: str) -> tuple[Comparison, ...]:
    """Every pair that shares two cases; those against the baseline come first, with it as `b`."""
    means = {a.name: a.by_case(score) for a in candidates}
    by_name = {a.name: a for a in candidates}
    others = [a.name for a in candidates if a.name != baseline]
    pairs = [(name, baseline) for name in others if baseline in means]
    pairs += combinations(others, 2)
    found = [
        made for a, b in pairs if (made := _compare(by_name[a], b, means[a], means[b])) is not None
    ]
    adjusted = holm([c.p for c in found])
    return tuple(
        replace(comparison, p_holm=p, is_real=p <= SIGNIFICANT)
        for comparison, p in zip(found, adjusted, strict=True)
    )


def paired_difference(
    ours: Answers, mine: dict[int, float], theirs: dict[int, float]
) -> Difference | None:
    """Over the cases that both have; None with fewer than two."""
    common = [case for case in mine if case in theirs]
    if len(common) < 2:
        return None
    keys = ours.case_keys
    clusters = None if keys is None else [keys[case] for case in common]
    return difference([mine[c] for c in common], [theirs[c] for c in common], clusters)


def _compare(
    ours: Answers, b: str, mine: dict[int, float], theirs: dict[int, float]
) -> Comparison | None:
    found = paired_difference(ours, mine, theirs)
    if found is None:
        return None
    common = [(mine[case], theirs[case]) for case in mine if case in theirs]
    is_plain = ours.keys is None and all(x in (0.0, 1.0) and y in (0.0, 1.0) for x, y in common)
    exact = paired([x > 0 for x, _ in common], [y > 0 for _, y in common]) if is_plain else None
    return Comparison(
        a=ours.name,
        b=b,
        n=found.n,
        difference=found.value,
        standard_error=found.standard_error,
        interval=found.interval,
        p=found.p if exact is None else exact.mcnemar_p,
        p_holm=1.0,
        how=found.how,
        only_a=sum(x > y for x, y in common),
        only_b=sum(x < y for x, y in common),
        mcnemar_p=None if exact is None else exact.mcnemar_p,
    )
