"""The guide's hallucination evaluator: does the answer say what nothing supports? 1 = nothing of the kind found.

Against the case's documents, else against the expected answer and the question: sentences without support in the
documents; numbers and capitalised names that stand in neither. By words: docs/scorers.md says how often it is right
on answers that people have labelled.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._judged import JudgedScorer, judged
from pilothouse.scorers._words import numbers, words
from pilothouse.scorers.groundedness import grounded
from pilothouse.scorers.judge import JudgeOptions

_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*")


class HallucinationScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With documents the share of supported sentences; without them 1, or 0 when a number or name is unsupported."""

    support: float = 0.5
    judge: str | JudgeOptions | None = None
    """Asked instead of the rule: a name under `judges:`, or the options of the scorer `judge` but its rubric."""

    def anchored(self, folder: Path) -> HallucinationScorer | JudgedScorer:
        """With a `judge`, a scorer that asks it. Raises `InvalidInput`."""
        if self.judge is None:
            return self
        return judged(self, self.judge, folder, rubric="hallucination", pass_at=1.0)

    def check(self, case: Case) -> None:
        """Raises `ValueError` when there is nothing to hold the answer against."""
        if not case.context and not case.right_answers:
            raise ValueError(
                f"case {case.id}: neither context nor an expected answer to hold it against"
            )

    def score(self, given: Given, case: Case) -> Grade:
        """The detail names what is not supported."""
        known = (*case.context, case.prompt, *case.right_answers)
        if case.context:
            return grounded(given.text, known, self.support)
        figures = numbers(given.text) - set[str]().union(*(numbers(text) for text in known))
        told = {w for text in known for w in words(text)}
        names = [n for n in _NAME.findall(given.text) if not set(words(n)) & told]
        loose = [*sorted(figures), *names]
        return Grade(
            value=float(not loose),
            detail=f"nowhere else: {', '.join(loose[:5])}" if loose else "supported",
        )


plugin = HallucinationScorer
