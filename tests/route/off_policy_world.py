"""Requests of three kinds, three models, a logger that explores and another policy; the truth is known."""

from __future__ import annotations

import random

from pilothouse.route.off_policy_terms import Logged, Proposed

GOOD = ((0.9, 0.85, 0.6), (0.8, 0.5, 0.55), (0.7, 0.69, 0.3))
"""By kind, then by model."""
USD = (10e-3, 2e-3, 1e-3)
OLD, NEW = (0, 0, 1), (1, 0, 0)
ELIGIBLE = ((0, 1), (0, 1, 2), (0, 1))
TRUTH = sum(GOOD[x][NEW[x]] for x in range(3)) / 3
TRUTH_USD = sum(USD[NEW[x]] for x in range(3)) / 3


def own_truth(explore: float) -> float:
    """What the logger itself gives."""
    drawn = [sum(GOOD[x][k] for k in ELIGIBLE[x]) / len(ELIGIBLE[x]) for x in range(3)]
    return sum((1 - explore) * GOOD[x][OLD[x]] + explore * drawn[x] for x in range(3)) / 3


def history(
    seed: int, rows: int, *, explore: float = 0.1, off: float = 0.0
) -> tuple[list[Logged], list[Proposed]]:
    """`off`: how wrong predictions are, all alike."""
    dice = random.Random(seed)
    logged: list[Logged] = []
    proposed: list[Proposed] = []
    for i in range(rows):
        x = dice.randrange(3)
        k = dice.choice(ELIGIBLE[x]) if dice.random() < explore else OLD[x]
        row = Logged(
            id=str(i),
            chosen=str(k),
            propensity=explore / len(ELIGIBLE[x]) + (1 - explore) * (k == OLD[x]),
            reward=float(dice.random() < GOOD[x][k]),
            cost_usd=USD[k],
        )
        new = Proposed(
            chances={str(NEW[x]): 1.0},
            good={str(m): max(0.0, GOOD[x][m] + off) for m in range(3)},
            cost_usd={str(m): USD[m] for m in range(3)},
        )
        logged.append(row)
        proposed.append(new)
    return logged, proposed
