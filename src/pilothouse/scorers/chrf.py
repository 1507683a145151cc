"""chrF, the F-score of character n-grams (Popović 2015); computed by sacrebleu."""

from __future__ import annotations

from msgspec import Struct
from sacrebleu.metrics.chrf import CHRF  # pyright: ignore[reportMissingTypeStubs]

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade

_plain, _plus = CHRF(), CHRF(word_order=2)


class ChrfScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0-1 (sacrebleu's figure over 100)."""

    words: bool = False
    """chrF++: pairs of words too."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a reference."""
        if not case.right_answers:
            raise ValueError(f"case {case.id}: no reference is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """The best over the references, as sacrebleu takes it."""
        found = (_plus if self.words else _plain).sentence_score(
            given.text, list(case.right_answers)
        )
        return Grade(value=min(1.0, max(0.0, found.score / 100)), detail=f"{found.score:.1f}")


plugin = ChrfScorer
