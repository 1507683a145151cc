"""Asks a judge about answers that people have graded, and sets what it says beside what they said."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput, ProviderError, did_you_mean
from pilothouse.core.grade import Given, Models
from pilothouse.prove.judge_bias import Sample
from pilothouse.prove.judge_labels import GradedLine, Labels, PairLine
from pilothouse.prove.models import JudgeSpec
from pilothouse.prove.pairwise import Judgment, PairJudge, judged
from pilothouse.prove.spec import Poc
from pilothouse.scorers._judge_asking import every
from pilothouse.scorers.judge import JudgeScorer


class Compared(Struct, frozen=True, kw_only=True):
    """A judge's verdicts with people's: of graded answers, or of pairs."""

    samples: tuple[Sample, ...] = ()
    judgments: tuple[Judgment, ...] = ()
    ungraded: tuple[tuple[str, str], ...] = ()
    """(id, why) of labels on which the judge gave no verdict."""


def judges_of(poc: Poc) -> dict[str, JudgeSpec]:
    """`judges:` of the file."""
    return msgspec.convert(poc.file.judges, dict[str, JudgeSpec], from_attributes=True)


def judge_of(poc: Poc, scorer: str | None) -> JudgeScorer | None:
    """The scorer of the file that is a judge, by its name where there are several. Raises `InvalidInput`."""
    found = {s.name: s.scorer for s in poc.scorers if isinstance(s.scorer, JudgeScorer)}
    if scorer is not None and scorer not in found:
        hint = did_you_mean(scorer, found)
        raise InvalidInput(f'--scorer: "{scorer}" is no judge of the file.{hint}')
    if scorer is None and len(found) > 1:
        raise InvalidInput(f"--scorer: the file has several judges: {', '.join(found)}")
    return found[scorer] if scorer is not None else next(iter(found.values()), None)


def judge_of_pairs(poc: Poc, scorer: str | None, asks: str, *, may_tie: bool) -> PairJudge:
    """The judges of that scorer, else all that the file names. Raises `InvalidInput` when there is none."""
    chosen = judge_of(poc, scorer)
    names = chosen.judges if chosen is not None else tuple(poc.file.judges)
    if not names:
        raise InvalidInput("the file names no judge: add judges: to it")
    length = chosen.length if chosen is not None else "ignore"
    return PairJudge(judges=names, asks=asks, may_tie=may_tie, length=length)


def check_labels(lines: Sequence[GradedLine], scorer: JudgeScorer) -> None:
    """Raises `InvalidInput` when this judge cannot be compared with a pass or fail. Asked before money is spent."""
    if not scorer.says_yes_or_no:
        raise InvalidInput(
            "people say pass or fail, and this judge gives values in between: give it a pass mark (pass_at)"
        )
    for line in lines:
        try:
            scorer.check(line.case)
        except ValueError as error:
            raise InvalidInput(f"labels: {error}") from None


async def ask_about_answers(
    lines: Sequence[GradedLine], scorer: JudgeScorer, models: Models
) -> Compared:
    """A judge that gives no verdict on a label, or cannot be reached for it, leaves it ungraded."""

    async def one(line: GradedLine) -> Sample | str:
        try:
            grade = await scorer.grade(Given(text=line.answer), line.case, models)
        except (ValueError, ProviderError) as error:
            return str(error)
        return sample_of(line, is_passed=grade.value >= 0.5)

    return _sorted(lines, await every([one(line) for line in lines]))


async def ask_about_pairs(lines: Sequence[PairLine], judge: PairJudge, models: Models) -> Compared:
    """As `ask_about_answers`; each judge on each pair."""

    async def one(line: PairLine, name: str) -> Judgment | str:
        try:
            judgment = await judged(line.pair, name, judge, models)
        except ProviderError as error:
            return str(error)
        return judgment.why_ungraded or line.labelled(judgment)

    asked = [(line, name) for line in lines for name in judge.judges]
    return _sorted([line for line, _ in asked], await every([one(*each) for each in asked]))


def recorded(labels: Labels) -> Compared:
    """What the lines themselves say of a judge. Raises `InvalidInput` when one of them says nothing."""
    found: list[Sample | Judgment | str] = []
    for line in (*labels.graded, *labels.pairs):
        if isinstance(line, PairLine):
            judgment = line.recorded
            if judgment is not None and judgment.winner is None:
                found.append("the judge's words name no winner")
                continue
            value = judgment
        else:
            value = None if line.judged is None else sample_of(line, is_passed=line.judged)
        if value is None:
            raise InvalidInput(
                f'label "{line.id}" holds no verdict of a judge: add `judge`, or say whom to ask'
                " (--judge-from poc.yaml)"
            )
        found.append(value)
    return _sorted([*labels.graded, *labels.pairs], found)


def sample_of(line: GradedLine, *, is_passed: bool) -> Sample:
    """The label with the judge's verdict."""
    return Sample(
        case_id=line.id,
        human=line.is_passed,
        judge=is_passed,
        words=len(line.answer.split()),
        family=line.family,
        cluster=line.cluster,
    )


def _sorted(
    lines: Sequence[GradedLine | PairLine], found: Sequence[Sample | Judgment | str]
) -> Compared:
    return Compared(
        samples=tuple([f for f in found if isinstance(f, Sample)]),
        judgments=tuple([f for f in found if isinstance(f, Judgment)]),
        ungraded=tuple(
            [(line.id, f) for line, f in zip(lines, found, strict=True) if isinstance(f, str)]
        ),
    )
