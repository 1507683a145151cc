"""How far a judge and people agree: shares with intervals, Cohen's kappa, and what it gets wrong in which
direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pilothouse.core.stats.agreement import Kappa, kappa_of_table
from pilothouse.core.stats.proportion import Interval, clopper_pearson, wilson

Counts = Mapping[str, Mapping[str, int]]
"""What people said to what the judge said to how often."""


class Share(Struct, frozen=True, kw_only=True):
    """`k` of `n`."""

    value: float
    interval: Interval
    k: int
    n: int


class Agreement(Struct, frozen=True, kw_only=True):
    """A judge beside people, on the labels that both gave."""

    n: int
    agree: Share
    kappa: Kappa | None
    """None when both said one thing only: then chance explains everything."""
    sensitivity: Share | None = None
    """Of what people pass, the share that the judge passes (Clopper-Pearson). None = people passed nothing."""
    specificity: Share | None = None
    """Of what people fail, the share that the judge fails."""


def counts_of(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """(what people said, what the judge said) counted; every label has its row and its column, sorted."""
    labels = sorted({label for pair in pairs for label in pair})
    counts = {row: dict.fromkeys(labels, 0) for row in labels}
    for human, judge in pairs:
        counts[human][judge] += 1
    return counts


def agreement(counts: Counts) -> Agreement:
    """Sensitivity and specificity where the labels are pass and fail. Raises `ValueError` on no label."""
    n = sum(sum(row.values()) for row in counts.values())
    if n == 0:
        raise ValueError("no answer has both labels")
    same = sum(row.get(label, 0) for label, row in counts.items())
    is_graded = set(counts) <= {"pass", "fail"}
    return Agreement(
        n=n,
        agree=Share(value=same / n, interval=wilson(same, n), k=same, n=n),
        kappa=_kappa(counts),
        sensitivity=_kept(counts, "pass") if is_graded else None,
        specificity=_kept(counts, "fail") if is_graded else None,
    )


def _kappa(counts: Counts) -> Kappa | None:
    """None when there is one label only: it would agree whatever the judge is worth."""
    labels = sorted({*counts, *(label for row in counts.values() for label in row)})
    if len(labels) < 2:
        return None
    return kappa_of_table([[counts.get(i, {}).get(j, 0) for j in labels] for i in labels])


def _kept(counts: Counts, label: str) -> Share | None:
    row = counts.get(label, {})
    k, n = row.get(label, 0), sum(row.values())
    return Share(value=k / n, interval=clopper_pearson(k, n), k=k, n=n) if n else None
