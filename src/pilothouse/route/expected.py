"""What an answer of each model is expected to cost and to take, from a table."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.learned.artefact import Money
from pilothouse.route.table import Row, Table

_SHRINK = 20
"""A tag's own cost counts for half when it has so many cases."""


def money_of(table: Table) -> tuple[tuple[Money, ...], bool]:
    """By model, and whether costs are known: of every model on at least one case."""
    models = range(len(table.models))
    chars = [len(p) for p in table.prompts]
    has_costs = all(any(row[k] is not None for row in table.cost_usd) for k in models)
    return tuple(_of(table, chars, k, has_costs=has_costs) for k in models), has_costs


def _of(table: Table, chars: Sequence[int], k: int, *, has_costs: bool) -> Money:
    costs = _known(table.cost_usd, k) if has_costs else {}
    base, slope = _line([chars[i] for i in costs], list(costs.values()))
    expected = {i: base + slope * chars[i] for i in costs}
    waits = _known(table.latency_ms, k)
    latency = sum(waits.values()) / len(waits) if waits else 0.0
    return Money(
        usd=base,
        usd_per_char=slope,
        latency_ms=latency,
        tag_usd=_factors(table.tags, costs, expected),
        tag_latency=_factors(table.tags, waits, dict.fromkeys(waits, latency)),
    )


def _known(rows: Sequence[Row], k: int) -> dict[int, float]:
    found: dict[int, float] = {}
    for i, row in enumerate(rows):
        value = row[k]
        if value is not None:
            found[i] = value
    return found


def _line(x: Sequence[int], y: Sequence[float]) -> tuple[float, float]:
    """Least squares, neither part below 0."""
    if not y:
        return 0.0, 0.0
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / (spread or 1.0)
    slope = max(0.0, slope)
    base = mean_y - slope * mean_x
    if base < 0:
        return 0.0, mean_y / mean_x
    return base, slope


def _factors(
    tags: Sequence[str | None], seen: dict[int, float], expected: dict[int, float]
) -> dict[str, float]:
    """By tag: what was seen over what was expected, shrunk to 1."""
    sums: dict[str, tuple[float, float, int]] = {}
    for i, value in seen.items():
        tag = tags[i]
        if tag is not None:
            a, b, n = sums.get(tag, (0.0, 0.0, 0))
            sums[tag] = (a + value, b + expected[i], n + 1)
    return {
        tag: (n * (a / b if b else 1.0) + _SHRINK) / (n + _SHRINK)
        for tag, (a, b, n) in sums.items()
    }
