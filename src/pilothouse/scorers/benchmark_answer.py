"""Published rules for reading a benchmark's answers, by name.

- `bbh`: what follows the last "the answer is", without its full stop, equal to the target. Source: the evaluation
  of suzgunmirac/BIG-Bench-Hard.
- `mmlu_pro`: the letter after the first "answer is (X)", else after "Answer: X" (the last of the first line that has
  one), else the last capital A-J that stands alone. Source: evaluate_from_local.py of TIGER-AI-Lab/MMLU-Pro.
- `zeroeval`: the field `answer` of the JSON in the answer. Source: WildEval/ZeroEval.
- `math`: the last \\boxed{...}, equal after LaTeX is normalised. Source: math_equivalence.py of hendrycks/math.
- `drop`: F1 of words, best over the right answers; a number must be there. Source: allennlp's drop_eval.
- `finqa`: the number after ####, within 1 % of the program's; yes and no as words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._benchmark_math import boxed, same_math
from pilothouse.scorers._benchmark_reading import bbh, drop_f1, finqa, letter, zeroeval
from pilothouse.scorers._words import shown

Rule = Literal["bbh", "mmlu_pro", "zeroeval", "math", "drop", "finqa"]


class BenchmarkAnswerScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of the file's list."""

    rule: Rule

    def check(self, case: Case) -> None:
        """Raises `ValueError` without an expected answer, or (`math`) one without a box where there is a solution."""
        if not any(text.strip() for text in case.right_answers):
            raise ValueError(f"case {case.id}: nothing is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """The detail is what was read."""
        return _RULES[self.rule](given.text, case)


def _bbh(text: str, case: Case) -> Grade:
    got = bbh(text)
    return Grade(value=float(got == (case.expected or "").strip()), detail=shown(got))


def _letter(text: str, case: Case) -> Grade:
    got = letter(text) or "no choice"
    wanted = (case.expected or "").strip()
    return Grade(value=float(got == wanted), detail=got, labels=(wanted, got))


def _zeroeval(text: str, case: Case) -> Grade:
    got = zeroeval(text)
    wanted = (case.expected or "").strip()
    return Grade(
        value=float(got is not None and got.strip() == wanted),
        detail=shown(got or "no answer field"),
    )


def _math(text: str, case: Case) -> Grade:
    got = boxed(text)
    if got is None:
        return Grade(value=0.0, detail="no box")
    wanted = [boxed(t) or t for t in case.right_answers]
    return Grade(value=float(any(same_math(got, w) for w in wanted)), detail=shown(got))


def _drop(text: str, case: Case) -> Grade:
    return Grade(
        value=max([drop_f1(text, wanted) for wanted in case.right_answers]), detail=shown(text)
    )


def _finqa(text: str, case: Case) -> Grade:
    got, is_right = finqa(text, case.expected or "")
    return Grade(value=float(is_right), detail=got)


_RULES: dict[str, Callable[[str, Case], Grade]] = {
    "bbh": _bbh,
    "mmlu_pro": _letter,
    "zeroeval": _zeroeval,
    "math": _math,
    "drop": _drop,
    "finqa": _finqa,
}

plugin = BenchmarkAnswerScorer
