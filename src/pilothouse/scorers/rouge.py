"""ROUGE-1, -2 and -L (Lin 2004); computed by the package rouge-score."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct
from rouge_score.rouge_scorer import RougeScorer as Published  # pyright: ignore[reportMissingTypeStubs]

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade

Kind = Literal["rouge1", "rouge2", "rougeL"]


class RougeScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The F-measure, best over the references."""

    kind: Kind = "rougeL"
    stem: bool = True
    """English endings are cut off first."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a reference."""
        if not case.right_answers:
            raise ValueError(f"case {case.id}: no reference is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """Parts: precision and recall."""
        scorer = _scorer(self.kind, self.stem)
        every = [scorer.score(wanted, given.text)[self.kind] for wanted in case.right_answers]
        best = max(every, key=lambda found: found.fmeasure)
        parts = {"precision": float(best.precision), "recall": float(best.recall)}
        return Grade(value=float(best.fmeasure), detail=f"{best.fmeasure:.3f}", parts=parts)


@lru_cache(maxsize=8)
def _scorer(kind: Kind, stem: bool) -> Any:
    return Published([kind], use_stemmer=stem)


plugin = RougeScorer
