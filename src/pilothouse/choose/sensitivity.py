"""How far the weights would have to move before somebody else came first. Exact, by a greedy argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from pilothouse.choose.frontier import Vector


class Flip(Struct, frozen=True, kw_only=True):
    """The nearest weighting under which a rival draws level with the leader."""

    rival: str
    moved: float
    """Share of all weight that has to move, 0-1: half the L1 distance of the two weightings."""
    weights: tuple[float, ...]
    """The weighting where they draw level, adding up to 1, in the order of the criteria."""


def flips(vectors: Mapping[str, Vector], weights: Sequence[float]) -> list[Flip]:
    """Rivals of the leader, nearest first, each where it draws level and nobody else is ahead of it.

    The first is the smallest change of weights that flips the first place. A rival who draws level only
    behind a third one is left out: others lead before it does, and no weighting would be its own.

    `vectors` hold values in 0-1, more is better, None counts as 0. With d = rival - leader, moving weight
    from criterion i to j gains the rival d_j - d_i a unit, so the least that levels them is taken from where
    d is least and given to where it is greatest.
    """
    total = sum(weights)
    share = [w / total for w in weights]
    plain = {i: [v or 0.0 for v in vectors[i]] for i in sorted(vectors)}
    if not plain:
        return []
    leader = max(plain, key=lambda i: (_dot(share, plain[i]), _reverse(i)))
    found: list[Flip] = []
    for rival, values in plain.items():
        if rival == leader:
            continue
        gain = [r - m for r, m in zip(values, plain[leader], strict=True)]
        level = _level(gain, share)
        if level is not None and _leads(level, values, plain.values()):
            moved = sum(abs(a - b) for a, b in zip(level, share, strict=True)) / 2
            rounded = tuple(round(w, 6) for w in level)
            found.append(Flip(rival=rival, moved=round(moved, 6), weights=rounded))
    return sorted(found, key=lambda f: (f.moved, f.rival))


def _level(gain: Sequence[float], share: Sequence[float]) -> list[float] | None:
    best = max(range(len(gain)), key=lambda k: gain[k])
    if gain[best] <= 0:
        return None
    level = list(share)
    behind = -_dot(share, gain)
    for k in sorted(range(len(gain)), key=lambda k: gain[k]):
        if behind <= 1e-12:
            break
        step = gain[best] - gain[k]
        if step <= 0:
            continue
        taken = min(level[k], behind / step)
        level[k] -= taken
        level[best] += taken
        behind -= taken * step
    return level if behind <= 1e-9 else None


def _leads(
    weights: Sequence[float], mine: Sequence[float], all_of: Iterable[Sequence[float]]
) -> bool:
    least = _dot(weights, mine) + 1e-9
    return all(_dot(weights, values) <= least for values in all_of)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _reverse(name: str) -> tuple[int, ...]:
    """Of equals the first by name leads, as in the ranking."""
    return tuple(-ord(c) for c in name)
