"""Do two judges, or many, say the same? Chance taken out.

Sources: J. Cohen, Educational and Psychological Measurement 20 (1960), with the large-sample error of J. Fleiss,
J. Cohen and B. Everitt, Psychological Bulletin 72 (1969); J. Fleiss, Psychological Bulletin 76 (1971).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import sqrt

from msgspec import Struct

from pilothouse.core.stats.proportion import Interval, normal_interval


class Kappa(Struct, frozen=True, kw_only=True):
    """Agreement beyond chance: 1 = always, 0 = as often as chance."""

    value: float
    agreement: float
    """As it stands, chance included."""
    interval: Interval
    n: int


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> Kappa:
    """Two judges on the same items. Raises `ValueError` without items."""
    labels = sorted(set(one) | set(other), key=str)
    place = {label: i for i, label in enumerate(labels)}
    table = [[0] * len(labels) for _ in labels]
    for a, b in zip(one, other, strict=True):
        table[place[a]][place[b]] += 1
    return kappa_of_table(table)


def kappa_of_table(table: Sequence[Sequence[int]]) -> Kappa:
    """Rows: one judge's labels; columns: the other's."""
    n = sum([sum(row) for row in table])
    if n == 0:
        raise ValueError("no items, no agreement")
    size = range(len(table))
    p = [[cell / n for cell in row] for row in table]
    rows = [sum(row) for row in p]
    columns = [sum([p[i][j] for i in size]) for j in size]
    seen = sum([p[i][i] for i in size])
    chance = sum([rows[i] * columns[i] for i in size])
    if chance == 1:  # one label only: nothing to agree about, and nothing disagreed
        return Kappa(value=1.0, agreement=seen, interval=Interval(-1.0, 1.0), n=n)
    value = (seen - chance) / (1 - chance)
    one = sum([p[i][i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in size])
    two = (1 - value) ** 2 * sum(
        [p[i][j] * (columns[i] + rows[j]) ** 2 for i in size for j in size if i != j]
    )
    three = (value - chance * (1 - value)) ** 2
    error = sqrt(max(0.0, one + two - three) / n) / (1 - chance)
    around = normal_interval(value, error)
    return Kappa(
        value=value,
        agreement=seen,
        interval=Interval(max(-1.0, around.low), min(1.0, around.high)),
        n=n,
    )


def fleiss_kappa(table: Sequence[Sequence[int]]) -> float:
    """Rows: items; columns: how many judges gave that label. Every item has as many judges."""
    judges = sum(table[0])
    if judges < 2 or any(sum(row) != judges for row in table):
        raise ValueError("every item needs the same two or more judges")
    n = len(table)
    shares = [sum([row[j] for row in table]) / (n * judges) for j in range(len(table[0]))]
    each = [(sum([c * c for c in row]) - judges) / (judges * (judges - 1)) for row in table]
    seen, chance = sum(each) / n, sum([s * s for s in shares])
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)
