"""BLEU of one answer, and of all answers together; computed by sacrebleu (Post 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sacrebleu.metrics.bleu import BLEU  # pyright: ignore[reportMissingTypeStubs]

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade

_ORDERS = 4
_sentence = BLEU(effective_order=True)


class BleuScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0-1 (sacrebleu's figure over 100), tokenised as `13a`."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a reference."""
        if not case.right_answers:
            raise ValueError(f"case {case.id}: no reference is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """Parts are the counts that the corpus figure is made of."""
        found = _sentence.sentence_score(given.text, list(case.right_answers))
        parts = {"system": float(found.sys_len), "reference": float(found.ref_len)}
        for order in range(_ORDERS):
            parts[f"right{order}"] = float(found.counts[order])
            parts[f"total{order}"] = float(found.totals[order])
        return Grade(
            value=min(1.0, max(0.0, found.score / 100)), detail=str(found)[:200], parts=parts
        )

    def summary(self, grades: Sequence[Grade]) -> dict[str, float]:
        """The corpus BLEU: no mean of the answers'."""
        kept = [g.parts for g in grades if g.parts]
        if not kept:
            return {}
        found = BLEU.compute_bleu(  # pyright: ignore[reportUnknownMemberType]
            correct=[int(sum([p[f"right{o}"] for p in kept])) for o in range(_ORDERS)],
            total=[int(sum([p[f"total{o}"] for p in kept])) for o in range(_ORDERS)],
            sys_len=int(sum([p["system"] for p in kept])),
            ref_len=int(sum([p["reference"] for p in kept])),
            smooth_method="exp",
        )
        return {"corpus_bleu": found.score / 100}


plugin = BleuScorer
