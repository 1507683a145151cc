"""A model's verdict on an answer, by a rubric or against the expected answer.

`kind: rubric` asks for points or for a yes or no on each item, `kind: reference` whether the answer gives what
`expected` gives. Several judges, and several samples of each, are one value: their mean, or what most of them
say. An answer that is no verdict is asked for once more; then the case is ungraded, never 0.

A judge is an instrument: what it says is worth what a comparison with people says it is worth
(docs/judging.md, `pilothouse judge calibrate`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta, Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade, Models
from pilothouse.core.request import Request
from pilothouse.scorers._judge_asking import ask_verdict, every
from pilothouse.scorers._judge_prompt import Length, reference_request, rubric_request
from pilothouse.scorers._judge_reading import json_object, read_items, read_number
from pilothouse.scorers._rubric import Rubric, checked_rubric, find_rubric

PROMPT_VERSION = 1
"""Raised with every change to what judges are sent: a calibration holds for its own wording alone."""


class JudgeOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ask, what their votes make, and what is known of them."""

    judges: Annotated[tuple[str, ...], Meta(min_length=1, max_length=9)]
    """Names under `judges:` of the file."""
    samples: Annotated[int, Meta(ge=1, le=20)] = 1
    """Verdicts of each judge; more than one says something only when its temperature is above 0."""
    combine: Literal["mean", "majority"] = "mean"
    pass_at: Annotated[float, Meta(gt=0, le=1)] | None = None
    """A value of at least this is 1, less is 0 (0-1: of 1 to 5 points, 4 are 0.75). None = as it is."""
    length: Length = "ignore"
    calibration: str | None = None
    """The file that `pilothouse judge calibrate` wrote."""
    trust_unvalidated: bool = False
    """Rank by it though nothing says how often it is wrong."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for options that do not go together."""
        if len(set(self.judges)) < len(self.judges):
            raise ValueError("judges: one is named twice (for more verdicts of one: samples)")
        votes = len(self.judges) * self.samples
        if self.combine == "majority" and votes % 2 == 0:
            raise ValueError(
                f"combine: a majority needs an odd number of votes, and here are {votes}"
            )


class JudgeScorer(JudgeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks judges that `judges:` of the file configures."""

    kind: Literal["rubric", "reference"] = "rubric"
    rubric: str | Rubric | None = None
    """A built-in name, a YAML file, the rubric in words, or what such a file would hold."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for options that do not go together."""
        JudgeOptions.__post_init__(self)
        if (self.kind == "rubric") != (self.rubric is not None):
            needs = "needs a rubric" if self.rubric is None else "takes no rubric"
            raise ValueError(f"rubric: kind {self.kind} {needs}")

    def anchored(self, folder: Path) -> Self:
        """Raises `InvalidInput` when there is no such rubric."""
        rubric, kept = self.rubric, self.calibration
        if isinstance(rubric, str):
            rubric = find_rubric(rubric, folder)
        elif rubric is not None:
            rubric = checked_rubric(rubric, "rubric")
        return structs.replace(
            self, rubric=rubric, calibration=None if kept is None else str(folder / kept)
        )

    @property
    def says_yes_or_no(self) -> bool:
        """Whether every value is 0 or 1."""
        is_one_vote = len(self.judges) * self.samples == 1
        is_reference = self.kind == "reference" and is_one_vote
        return self.pass_at is not None or self.combine == "majority" or is_reference

    def asks(self) -> tuple[str, ...]:
        """The names of those it asks."""
        return self.judges

    def version(self) -> str:
        """A digest of everything but the models that makes a verdict: wording, scale, votes and pass mark."""
        rule = (self.kind, self.rubric, self.samples, self.combine, self.pass_at, self.length)
        encoded = msgspec.json.encode((PROMPT_VERSION, rule, len(self.judges)), order="sorted")
        return hashlib.sha256(encoded).hexdigest()[:16]

    def check(self, case: Case) -> None:
        """Raises `ValueError` when the case lacks what the judge must see."""
        if self.kind == "reference" and not case.right_answers:
            raise ValueError(
                f"case {case.id}: nothing is expected, so no judge can compare with it"
            )
        rubric = self.rubric
        if isinstance(rubric, Rubric):
            if rubric.needs_context and not case.context:
                raise ValueError(
                    f"case {case.id}: no context, and the rubric {rubric.name} needs it"
                )
            if rubric.published is not None and len(case.then) > 1:
                raise ValueError(
                    f"case {case.id}: the rubric {rubric.name} knows two turns at most"
                )

    async def grade(self, given: Given, case: Case, models: Models) -> Grade:
        """Raises `ValueError` when a judge gives no verdict, and `ProviderError`."""
        request, read = self._question(given, case)
        asked = [(judge, sample) for judge in self.judges for sample in range(self.samples)]
        votes = await every(
            [self._vote(models, judge, request, read, sample) for judge, sample in asked]
        )
        by_judge = {
            judge: [vote for (name, _), vote in zip(asked, votes, strict=True) if name == judge]
            for judge in self.judges
        }
        return self._combined(by_judge, given)

    def _question(self, given: Given, case: Case) -> tuple[Request, Reader]:
        if self.kind == "reference":
            return reference_request(case, given, self.length), _read_correct
        rubric = self.rubric
        assert isinstance(rubric, Rubric), "`anchored` finds it"
        rubric = rubric.for_case(case)
        return rubric_request(rubric, case, given, self.length), partial(_read_rubric, rubric)

    async def _vote(
        self, models: Models, judge: str, request: Request, read: Reader, sample: int
    ) -> Vote:
        vote, said = await ask_verdict(models, judge, request, read, sample)
        reason = (json_object(said) or {}).get("reason", "")
        return structs.replace(vote, reason=reason if isinstance(reason, str) else "")

    def _combined(self, by_judge: dict[str, list[Vote]], given: Given) -> Grade:
        means = {judge: fmean(v.value for v in votes) for judge, votes in by_judge.items()}
        votes = [vote for each in by_judge.values() for vote in each]
        value = fmean(means.values())
        if self.combine == "majority":
            passed = sum(vote.value >= (self.pass_at or 0.5) for vote in votes)
            value = float(passed * 2 > len(votes))
        elif self.pass_at is not None:
            value = float(value >= self.pass_at - 1e-9)
        parts = {f"item {name}": fmean(v.items[name] for v in votes) for name in votes[0].items}
        parts["answer_words"] = float(len(given.text.split()))
        if len(votes) > 1:
            parts |= {f"judge {judge}": mean for judge, mean in means.items()}
            parts["disagreement"] = max(v.value for v in votes) - min(v.value for v in votes)
        return Grade(value=value, detail=self._detail(by_judge), parts=parts)

    def _detail(self, by_judge: dict[str, list[Vote]]) -> str:
        firsts = {judge: votes[0] for judge, votes in by_judge.items()}
        if len(firsts) == 1:
            [vote] = firsts.values()
            return f"{vote.words}: {vote.reason}"[:_DETAIL_CHARS].rstrip(": ")
        return "; ".join(f"{judge} {vote.words}" for judge, vote in firsts.items())[:_DETAIL_CHARS]


class Vote(Struct, frozen=True, kw_only=True):
    """One verdict of one judge."""

    value: float
    """0-1."""
    words: str
    """As the judge gave it: `4 of 5`, `not: is_supported`."""
    items: dict[str, bool] = {}
    reason: str = ""


Reader = Callable[[str], Vote]
_DETAIL_CHARS = 300


def _read_correct(text: str) -> Vote:
    is_correct = read_items(text, ("correct",))["correct"]
    return Vote(value=float(is_correct), words="correct" if is_correct else "not correct")


def _read_rubric(rubric: Rubric, text: str) -> Vote:
    if not rubric.items:
        points = read_number(text, rubric.low, rubric.high)
        value = (points - rubric.low) / (rubric.high - rubric.low)
        return Vote(value=value, words=f"{points:g} of {rubric.high}")
    items = read_items(text, tuple(item.name for item in rubric.items))
    good = sum(item.weight for item in rubric.items if items[item.name])
    failed = ", ".join(name for name, is_yes in items.items() if not is_yes)
    value = good / sum(item.weight for item in rubric.items)
    return Vote(value=value, words=f"not: {failed}" if failed else "all", items=items)


plugin = JudgeScorer
