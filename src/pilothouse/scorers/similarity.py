"""How near is the answer to a right one in meaning, as an embedding model sees it?"""

from __future__ import annotations

from math import sqrt

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade, Models


class SimilarityScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The best cosine over the right answers, never below 0; with `at_least`, 1 or 0."""

    model: str = "lexical"
    """A name under `judges:` whose model makes embeddings; `lexical` compares words and asks nobody."""
    at_least: float | None = None

    def asks(self) -> tuple[str, ...]:
        """The embedding model."""
        return () if self.model == "lexical" else (self.model,)

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a right answer."""
        if not case.right_answers:
            raise ValueError(f"case {case.id}: nothing is expected to be near to")

    async def grade(self, given: Given, case: Case, models: Models) -> Grade:
        """Raises `ProviderError`."""
        got, *wanted = await models.embed(self.model, [given.text or " ", *case.right_answers])
        best = max([_cosine(got, one) for one in wanted])
        near = min(1.0, max(0.0, best))
        value = near if self.at_least is None else float(near >= self.at_least)
        return Grade(value=value, detail=f"cosine {best:.3f}")


def _cosine(one: list[float], other: list[float]) -> float:
    size = sqrt(sum([x * x for x in one]) * sum([y * y for y in other]))
    return sum([x * y for x, y in zip(one, other, strict=True)]) / size if size else 0.0


plugin = SimilarityScorer
