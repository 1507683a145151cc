"""Which few cases a reader should see in words: where candidates disagree most, and where all do badly.

Chosen from figures alone, so that the store is asked only for these.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.variance import RIGHT

MOST_DISAGREEMENTS = 30
MOST_WORST = 10


class ShownAnswer(Struct, frozen=True, kw_only=True):
    """One candidate's answer to a shown case. The texts are None until they are looked up, or kept nowhere."""

    candidate: str
    repeat: int
    value: float | None
    """The main scorer's; None = ungraded."""
    error_class: str | None = None
    text: str | None = None
    detail: str | None = None
    """What the scorer read, or why; of a failure, what the provider said."""
    is_cut: bool = False
    """The text is longer than what is shown."""


class ShownCase(Struct, frozen=True, kw_only=True):
    """A case with the first answer of each candidate."""

    case_id: str
    tags: tuple[str, ...]
    answers: tuple[ShownAnswer, ...]
    prompt: str | None = None
    expected: str | None = None


class Shown(Struct, frozen=True, kw_only=True):
    """`disagreements`: from the widest spread of values. `worst`: no candidate was right."""

    disagreements: tuple[ShownCase, ...] = ()
    disagreeing: int = 0
    """All cases that one candidate had right and another wrong."""
    worst: tuple[ShownCase, ...] = ()
    all_wrong: int = 0
    """All cases that no candidate had right."""


def choose_shown(cases: Sequence[CaseFact], candidates: Sequence[Answers]) -> Shown:
    """The same evidence shows the same cases: ties are broken by the order of the cases."""
    means = [answers.by_case(score) for answers in candidates]
    split: dict[int, list[tuple[float, int]]] = {}
    wrong: list[tuple[float, int]] = []
    disagreeing = 0
    for case in range(len(cases)):
        values = [m[case] for m in means if case in m]
        if not values:
            continue
        spread = max(values) - min(values)
        if spread > 0:
            winner = next(i for i, m in enumerate(means) if m.get(case) == max(values))
            split.setdefault(winner, []).append((-spread, case))
        disagreeing += min(values) < RIGHT <= max(values)
        if max(values) < RIGHT:
            wrong.append((sum(values) / len(values), case))
    chosen = _in_turns([sorted(split[w]) for w in sorted(split)], MOST_DISAGREEMENTS)
    worst = [case for _, case in sorted(wrong)[:MOST_WORST]]
    first = _first_answers({*chosen, *worst}, candidates)
    return Shown(
        disagreements=tuple(_shown(cases[c], first[c]) for c in chosen),
        disagreeing=disagreeing,
        worst=tuple(_shown(cases[c], first[c]) for c in worst),
        all_wrong=len(wrong),
    )


def _in_turns(groups: Sequence[list[tuple[float, int]]], most: int) -> list[int]:
    """One of each group after the other, so that each candidate's wins are seen."""
    found: list[int] = []
    for turn in range(most):
        found += [group[turn][1] for group in groups if turn < len(group)]
    return found[:most]


def _first_answers(wanted: set[int], candidates: Sequence[Answers]) -> dict[int, list[ShownAnswer]]:
    found: dict[int, list[ShownAnswer]] = {case: [] for case in wanted}
    for answers in candidates:
        seen: set[int] = set()
        for outcome in answers.outcomes:
            case = outcome.case
            if case in found and case not in seen:
                seen.add(case)
                found[case].append(
                    ShownAnswer(
                        candidate=answers.name,
                        repeat=outcome.repeat,
                        value=None if outcome.error_class else score(outcome),
                        error_class=outcome.error_class,
                    )
                )
    return found


def _shown(case: CaseFact, answers: Sequence[ShownAnswer]) -> ShownCase:
    return ShownCase(case_id=case.id, tags=case.tags, answers=tuple(answers))
