"""Ranking by weights, and how much of the weight space each model wins. No randomness."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from pilothouse.choose.frontier import Vector, frontier

POINTS = 512
"""Weightings tried; a share is good to about a point of a hundred."""


class Ranked(Struct, frozen=True, kw_only=True):
    """A model's weighted score (0-1) and its share of all weightings won (0-1)."""

    id: str
    score: float
    wins: float


def ranking(
    vectors: Mapping[str, Vector], weights: Sequence[float], *, behind: Collection[str] = ()
) -> list[Ranked]:
    """Best first; equal scores by id. `vectors` hold values in 0-1.

    What is not known counts as 0, the worst of those compared: never as an average. Those in `behind` come
    after all others and win no weighting.
    """
    total = sum(weights)
    plain = {i: tuple(v or 0.0 for v in vectors[i]) for i in sorted(vectors)}
    wins = _wins({i: v for i, v in plain.items() if i not in behind}, len(weights))
    found = [
        Ranked(
            id=i,
            score=round(sum(w * v for w, v in zip(weights, vector, strict=True)) / total, 9),
            wins=wins.get(i, 0.0),
        )
        for i, vector in plain.items()
    ]
    return sorted(found, key=lambda r: (r.id in behind, -r.score, r.id))


def weightings(size: int, points: int = POINTS) -> list[tuple[float, ...]]:
    """Evenly spread over all weightings of `size` criteria: a Kronecker sequence, spaced out.

    The sequence steps by powers of the root of x^size = x + 1 (the golden ratio for two), which
    leaves no gaps; sorting a point's coordinates and taking differences makes it a weighting.
    """
    if size == 1:
        return [(1.0,)]
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / size)
    steps = [root**-k for k in range(1, size)]
    out: list[tuple[float, ...]] = []
    for n in range(1, points + 1):
        cuts = sorted((0.5 + n * step) % 1 for step in steps)
        ends = [0.0, *cuts, 1.0]
        out.append(tuple(b - a for a, b in pairwise(ends)))
    return out


def shares(vectors: Mapping[str, Vector], size: int, points: int = 4096) -> dict[str, float]:
    """Of all weightings of `size` criteria, the share that each model wins, 0-1. None counts as 0."""
    return _wins(
        {i: tuple(v or 0.0 for v in vector) for i, vector in vectors.items()}, size, points
    )


def _wins(
    vectors: Mapping[str, tuple[float, ...]], size: int, count: int = POINTS
) -> dict[str, float]:
    counts = dict.fromkeys(vectors, 0)
    in_reach, _ = frontier(vectors, {})  # whoever is beaten outright wins no weighting
    rows = [(i, vectors[i]) for i in in_reach]
    points = weightings(size, count)
    for weighting in points if rows else []:
        best_id, best = rows[0][0], -1.0
        for model_id, vector in rows:
            score = 0.0
            for w, v in zip(weighting, vector, strict=True):
                score += w * v
            if score > best + 1e-12:
                best_id, best = model_id, score
        counts[best_id] += 1
    return {i: round(n / len(points), 4) for i, n in counts.items()}
