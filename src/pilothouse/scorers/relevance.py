"""The guide's relevance evaluator: does the answer speak of what was asked? By words, and honest about it.

The value is the share of the question's content words that the answer takes up, twice counted up to 1 (nobody
repeats a whole question); a refusal or an echo of the question is 0. With `judge` a judge decides, who sees more.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._judged import JudgedScorer, judged
from pilothouse.scorers._words import content_words, normalised
from pilothouse.scorers.judge import JudgeOptions
from pilothouse.scorers.refusal import RefusalScorer

_refusal = RefusalScorer()


class RelevanceScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0-1."""

    refusals_count: bool = False
    """A refusal may be relevant (a policy question)."""
    judge: str | JudgeOptions | None = None
    """Asked instead of the rule: a name under `judges:`, or the options of the scorer `judge` but its rubric."""

    def anchored(self, folder: Path) -> RelevanceScorer | JudgedScorer:
        """With a `judge`, a scorer that asks it. Raises `InvalidInput`."""
        if self.judge is None:
            return self
        return judged(self, self.judge, folder, rubric="relevance", pass_at=0.75)

    def check(self, case: Case) -> None:
        """Raises `ValueError` when nothing is asked."""
        if not content_words(_asked(case)):
            raise ValueError(f"case {case.id}: the question has no words to be relevant to")

    def score(self, given: Given, case: Case) -> Grade:
        """See the file."""
        if not given.text.strip():
            return Grade(value=0.0, detail="nothing is said")
        if _refusal.why(given) and not self.refusals_count:
            return Grade(value=0.0, detail="a refusal")
        asked = _asked(case)
        if normalised(given.text) == normalised(asked):
            return Grade(value=0.0, detail="an echo of the question")
        wanted = content_words(asked)
        expected = {w for text in case.right_answers for w in content_words(text)}
        said = content_words(given.text) | set(normalised(given.text).split())
        if expected and expected <= said:
            return Grade(value=1.0, detail="says what is expected")
        taken = wanted & said
        return Grade(
            value=min(1.0, 2 * len(taken) / len(wanted)),
            detail=f"{len(taken)} of the question's {len(wanted)} content words",
        )


def _asked(case: Case) -> str:
    return case.then[-1] if case.then else case.prompt


plugin = RelevanceScorer
