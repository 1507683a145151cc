"""Tables made of how often which models were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilothouse.route.cascade_outcome import Columns, columns
from pilothouse.route.table import Table


def table_of_counts(counts: Mapping[tuple[float, ...], int], *, cost: Sequence[float]) -> Table:
    """Models are called mini, (other,) strong; `counts` says how many cases have which scores."""
    models = ("mini", "strong") if len(cost) == 2 else ("mini", "other", "strong")
    rows = [scores for scores, count in counts.items() for _ in range(count)]
    ids = tuple(str(i) for i in range(len(rows)))
    return Table(
        name="counts",
        models=models,
        ids=ids,
        prompts=ids,
        tags=(None,) * len(rows),
        groups=ids,
        score=tuple(rows),
        cost_usd=(tuple(cost),) * len(rows),
        latency_ms=((None,) * len(models),) * len(rows),
    )


def of_counts(counts: Mapping[tuple[float, ...], int], *, cost: Sequence[float]) -> Columns:
    return columns(table_of_counts(counts, cost=cost))
