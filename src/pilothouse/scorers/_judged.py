"""The guide's evaluators with a judge in place of their rule: the scorer `judge` with a rubric that fits.

What a case must have is what the evaluator asks for, and what the rubric does; all the rest, calibration and
standing included, is the judge's.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Scorer
from pilothouse.scorers.judge import JudgeOptions, JudgeScorer


class JudgedScorer(JudgeScorer, frozen=True, kw_only=True):
    """A judge that stands in for `evaluator`."""

    evaluator: Scorer

    def check(self, case: Case) -> None:
        """Raises `ValueError` when the case lacks what the evaluator or the judge must see."""
        self.evaluator.check(case)
        JudgeScorer.check(self, case)


def judged(
    evaluator: Scorer, judge: str | JudgeOptions, folder: Path, *, rubric: str, pass_at: float
) -> JudgedScorer:
    """`pass_at` holds where `judge` says none. Raises `InvalidInput` when options of the rule are given too."""
    assert isinstance(evaluator, Struct)
    for field in structs.fields(evaluator):
        if field.name != "judge" and getattr(evaluator, field.name) != field.default:
            raise InvalidInput(f"{field.name}: is for the rule, and here the judge decides")
    options = JudgeOptions(judges=(judge,)) if isinstance(judge, str) else judge
    given = {field: getattr(options, field) for field in options.__struct_fields__}
    given["pass_at"] = pass_at if options.pass_at is None else options.pass_at
    return JudgedScorer(**given, rubric=rubric, evaluator=evaluator).anchored(folder)
