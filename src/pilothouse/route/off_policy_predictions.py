"""Predictions set to the level of what was seen, so that they help: a proof's scores and a user's thumbs differ.

Cross-fitted: a row's predictions are moved by what was seen in the other half of the groups, so that no row corrects
its own and the doubly robust estimate stays right on average.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pilothouse.route.off_policy_terms import Logged, Proposed

_SHRINK = 10.0
"""Rows of a model at which half of what was seen counts."""
Moves = dict[str, tuple[float, float]]
"""By model: added to P(good), and times the cost."""


def at_the_level_seen(logged: Sequence[Logged], proposed: Sequence[Proposed]) -> list[Proposed]:
    """P(good) is moved, and the cost multiplied, by model; the same for all rows of a half."""
    half: dict[str, int] = {}
    sides = [half.setdefault(r.id if r.group is None else r.group, len(half) % 2) for r in logged]
    rows = list(zip(logged, proposed, sides, strict=True))
    moves = [_moves([(row, new) for row, new, s in rows if s != side]) for side in (0, 1)]
    return [_moved(new, moves[side]) for _, new, side in rows]


def _moves(rows: Sequence[tuple[Logged, Proposed]]) -> Moves:
    good: dict[str, list[float]] = {}
    usd: dict[str, list[float]] = {}
    for row, new in rows:
        k = row.chosen
        if k in new.good:
            seen = good.setdefault(k, [0.0, _SHRINK])
            seen[0] += row.weight * (row.reward - new.good[k])
            seen[1] += row.weight
        if k in new.cost_usd and row.cost_usd is not None:
            seen = usd.setdefault(k, [0.0, 0.0])
            seen[0] += row.weight * row.cost_usd
            seen[1] += row.weight * new.cost_usd[k]
    models = [*good, *[k for k in usd if k not in good]]
    found: Moves = {}
    for k in models:
        residual, count = good.get(k, [0.0, 1.0])
        paid, predicted = usd.get(k, [0.0, 0.0])
        found[k] = residual / count, paid / predicted if predicted > 0 else 1.0
    return found


def _moved(new: Proposed, moves: Moves) -> Proposed:
    still = (0.0, 1.0)
    return replace(
        new,
        good={k: min(1.0, max(0.0, q + moves.get(k, still)[0])) for k, q in new.good.items()},
        cost_usd={k: usd * moves.get(k, still)[1] for k, usd in new.cost_usd.items()},
    )
