"""How often a threshold answers, and how often wrongly: counted on pairs that people have judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pilothouse.client.cache.semantic.details import details
from pilothouse.client.cache.semantic.embedder import Embedder, Vector
from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.proportion import clopper_pearson_upper

CONFIDENCE = 0.95


class Pair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two questions, and whether one answer does for both."""

    a: str
    b: str
    same: bool


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one threshold did on one set of pairs."""

    threshold: float
    same: int
    hits: int
    """Of `same`: answered, rightly."""
    near_misses: int
    false_hits: int
    """Of `near_misses`: answered, wrongly."""

    @property
    def false_hits_upper(self) -> float:
        """The one-sided 95 % bound (Clopper-Pearson) of the share of near-misses answered wrongly."""
        return clopper_pearson_upper(self.false_hits, self.near_misses, CONFIDENCE)


class Measured(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One embedding on one set of pairs, with or without the guard."""

    set: str
    embedding: str
    """With its version: `lexical/1`, `text-embedding-3-small`."""
    guards: bool
    rates: tuple[Rate, ...]
    """By rising threshold."""


async def judged(pairs: Iterable[Pair], embedder: Embedder) -> list[tuple[Pair, float]]:
    """Pairs with their cosine similarity; each text is embedded once. Raises `InvalidInput`."""
    vectors: dict[str, Vector] = {}
    found: list[tuple[Pair, float]] = []
    for pair in pairs:
        for text in (pair.a, pair.b):
            if text not in vectors:
                vector = await embedder.embed(text)
                if vector is None:
                    raise InvalidInput(f'{embedder.name} gave no vector for "{text[:60]}"')
                vectors[text] = vector
        a, b = vectors[pair.a], vectors[pair.b]
        found.append((pair, sum([x * y for x, y in zip(a, b, strict=True)])))
    return found


def measured(
    name: str,
    embedding: str,
    judged: Iterable[tuple[Pair, float]],
    thresholds: Sequence[float],
    *,
    guards: bool,
) -> Measured:
    """`judged`: pairs with their similarity. Raises `ValueError` without at least one near-miss."""
    same: list[float] = []
    other: list[float] = []
    for pair, similarity in judged:
        if guards and details(pair.a) != details(pair.b):
            similarity = -1.0
        (same if pair.same else other).append(similarity)
    if not other:
        raise ValueError(f"{name}: no pair of different questions, so no false hit could be seen")
    rates = [
        Rate(
            threshold=threshold,
            same=len(same),
            hits=sum(1 for s in same if s >= threshold),
            near_misses=len(other),
            false_hits=sum(1 for s in other if s >= threshold),
        )
        for threshold in sorted(thresholds)
    ]
    return Measured(set=name, embedding=embedding, guards=guards, rates=tuple(rates))
