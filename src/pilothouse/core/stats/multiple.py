"""Many comparisons at once: p-values adjusted so that a claim among them still means what it says.

Holm for claims (no wrong claim at all, with the stated confidence): S. Holm, Scandinavian Journal of Statistics 6,
1979. Benjamini-Hochberg for exploring (few of the findings are wrong): JRSS B 57, 1995.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[i]))
        found[i] = highest
    return found


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    found = [0.0] * len(p_values)
    lowest = 1.0
    for place, i in enumerate(order):
        lowest = min(lowest, p_values[i] * len(order) / (len(order) - place))
        found[i] = lowest
    return found
