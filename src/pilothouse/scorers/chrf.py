"""chrF against the expected texts, by sacrebleu: n-grams of characters, so it needs no words.

An answer's value is its sentence chrF over 100; the corpus figure is made in the summary from the counts of all
answers. `word_order: 2` is chrF++. Needs `pilothouse[prove]`. Source: Popović 2015, 2017; Post 2018 (sacrebleu).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Any

from msgspec import Meta, Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade

metrics: Any = import_module("sacrebleu.metrics")
"""Its types are only half known."""
_KINDS = ("answer", "reference", "both")


class ChrfScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0-1. `expected` and `accepted` are the references."""

    char_order: Annotated[int, Meta(ge=1, le=10)] = 6
    word_order: Annotated[int, Meta(ge=0, le=4)] = 0
    lowercase: bool = False

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a reference."""
        if not any(text.strip() for text in case.right_answers):
            raise ValueError(f"case {case.id}: nothing is expected, so there is no reference")

    def score(self, given: Given, case: Case) -> Grade:
        """Sentence chrF over 100; parts are the counts of n-grams that the corpus figure needs."""
        metric = self._metric()
        # sacrebleu keeps the counts of the best reference to itself; its value is made of them.
        [counts] = metric._extract_corpus_statistics(
            [given.text], [[r] for r in case.right_answers]
        )
        value = metric._compute_f_score(counts)
        parts = {f"{_KINDS[i % 3]}_{i // 3 + 1}": float(n) for i, n in enumerate(counts)}
        return Grade(value=min(1.0, max(0.0, value / 100)), parts=parts)

    def summary(self, grades: Sequence[Grade]) -> dict[str, float]:
        """`corpus_chrf`, 0-1, of all answers together."""
        parts = [g.parts for g in grades if g.parts]
        if not parts:
            return {}
        orders = range(1, self.char_order + self.word_order + 1)
        names = [f"{kind}_{order}" for order in orders for kind in _KINDS]
        counts = [int(sum(p.get(name, 0.0) for p in parts)) for name in names]
        return {"corpus_chrf": self._metric()._compute_f_score(counts) / 100}

    def _metric(self) -> Any:
        return _chrf(self.char_order, self.word_order, self.lowercase)


@cache
def _chrf(char_order: int, word_order: int, lowercase: bool) -> Any:
    return metrics.CHRF(char_order=char_order, word_order=word_order, lowercase=lowercase)


plugin = ChrfScorer
