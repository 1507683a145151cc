"""The Pareto frontier: which models no other one beats, and who beats the rest on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

Vector = tuple[float | None, ...]
"""One value a criterion, more is better; None = not known."""


class Beaten(Struct, frozen=True, kw_only=True):
    """A model, and one that is at least as good on every criterion."""

    id: str
    by: str
    better_on: tuple[int, ...]
    """Criteria on which `by` is strictly better. Empty: a twin with the very same values."""


def beats(a: Vector, b: Vector) -> bool:
    """`a` is no worse on every criterion and better on one.

    Only what is known counts: with a gap on either side nobody can say so, and it is False.
    """
    is_better = False
    for x, y in zip(a, b, strict=True):
        if x is None or y is None or x < y:
            return False
        is_better = is_better or x > y
    return is_better


def frontier(
    vectors: Mapping[str, Vector], twins_of: Mapping[str, str]
) -> tuple[list[str], list[Beaten]]:
    """Ids on the frontier and the beaten ones, both in a fixed order.

    Of several with the same group in `twins_of` (say, the vendor) and the same values, the first in
    `vectors` stays.
    """
    order = sorted(vectors, key=lambda i: _promise(vectors[i]))
    kept: list[str] = []
    beaten: list[Beaten] = []
    seen: dict[tuple[str, Vector], str] = {}
    for model_id in order:
        vector = vectors[model_id]
        winner = next((k for k in kept if beats(vectors[k], vector)), None)
        first = seen.setdefault((twins_of.get(model_id, model_id), vector), model_id)
        if winner is not None:
            better = _better_on(vectors[winner], vector)
            beaten.append(Beaten(id=model_id, by=winner, better_on=better))
        elif first != model_id:
            beaten.append(Beaten(id=model_id, by=first, better_on=()))
        else:
            kept.append(model_id)
    return sorted(kept), sorted(beaten, key=lambda b: b.id)


def _promise(vector: Vector) -> tuple[int, float]:
    """Whoever beats another comes before it in this order, so one pass is enough."""
    known = [v for v in vector if v is not None]
    return (-len(known), -sum(known))


def _better_on(a: Vector, b: Vector) -> tuple[int, ...]:
    pairs: Sequence[tuple[float | None, float | None]] = list(zip(a, b, strict=True))
    return tuple(i for i, (x, y) in enumerate(pairs) if x is not None and y is not None and x > y)
