"""Where our grader and the label that an answer was published with do not agree."""

from __future__ import annotations

from msgspec import Struct

from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.settings import PublishedLabel
from pilothouse.prove.report.variance import RIGHT


class LabelDifference(Struct, frozen=True, kw_only=True):
    """An answer that our grader and the published label see differently."""

    case_id: str
    candidate: str
    repeat: int
    is_right: bool
    published: bool
    read: str | None = None
    """What the scorer read; None until the words are looked up."""
    expected: str | None = None


def labels(
    answers: Answers, model: str, published: PublishedLabel
) -> tuple[int, tuple[LabelDifference, ...]]:
    """How many answers have a published label, and those that differ from it."""
    labelled = 0
    found: list[LabelDifference] = []
    for outcome in answers.outcomes:
        case_id = answers.cases[outcome.case].id
        label = published(case_id, model)
        if label is None:
            continue
        labelled += 1
        value = score(outcome)
        if value is not None and (value >= RIGHT) != label:
            found.append(
                LabelDifference(
                    case_id=case_id,
                    candidate=answers.name,
                    repeat=outcome.repeat,
                    is_right=value >= RIGHT,
                    published=label,
                )
            )
    return labelled, tuple(found)
