"""Kinds of cases: how each candidate does on each tag, and where it stands out from the others.

Many tags are looked at, so what stands out is corrected by Benjamini and Hochberg (JRSS B 57, 1995): of
the strengths and weaknesses named, about one in twenty may be chance.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from msgspec import Struct

from pilothouse.core.stats.difference import Difference, difference
from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval
from pilothouse.core.stats.multiple import benjamini_hochberg
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.report.answers import Answers, score

MOST_TAGS = 200
"""The most frequent ones; a tag for each customer would be no table."""
FALSE_SHARE = 0.05
_FEWEST_CASES = 5
"""With fewer no test is made."""


class TagCell(Struct, frozen=True, kw_only=True):
    """One candidate on one tag; `accuracy` is None when nothing of it was graded."""

    candidate: str
    accuracy: MeanInterval | None


class TagRow(Struct, frozen=True, kw_only=True):
    """One tag."""

    tag: str
    cases: int
    cells: tuple[TagCell, ...]
    """In the order of the candidates."""


class TagEffect(Struct, frozen=True, kw_only=True):
    """A candidate less the mean of the others, on the cases of one tag."""

    tag: str
    candidate: str
    cases: int
    difference: float
    interval: Interval
    p: float
    p_adjusted: float
    stands_out: bool
    """Whether it is more than what chance makes among so many tags."""


class TagFigures(Struct, frozen=True, kw_only=True):
    """The table, and what stands out in it."""

    rows: tuple[TagRow, ...] = ()
    effects: tuple[TagEffect, ...] = ()
    """Of every tag and candidate that could be tested."""
    left_out: int = 0
    """Tags beyond `MOST_TAGS`."""


def tag_figures(cases: Sequence[CaseFact], candidates: Sequence[Answers]) -> TagFigures:
    """Rows from the most frequent tag to the rarest."""
    by_tag: dict[str, list[int]] = {}
    for i, case in enumerate(cases):
        for tag in case.tags:
            by_tag.setdefault(tag, []).append(i)
    ordered = sorted(by_tag.items(), key=lambda item: (-len(item[1]), item[0]))
    kept = dict(ordered[:MOST_TAGS])
    values = [_by_tag(answers, kept) for answers in candidates]
    rows = tuple(
        TagRow(
            tag=tag,
            cases=len(members),
            cells=tuple(
                TagCell(candidate=answers.name, accuracy=_mean(found[tag]))
                for answers, found in zip(candidates, values, strict=True)
            ),
        )
        for tag, members in kept.items()
    )
    return TagFigures(
        rows=rows, effects=_effects(kept, candidates), left_out=len(ordered) - len(kept)
    )


_Column = tuple[list[float], list[Hashable]]


def _by_tag(
    answers: Answers, kept: dict[str, list[int]]
) -> dict[str, tuple[list[float], list[Hashable] | None]]:
    columns: dict[str, _Column] = {tag: ([], []) for tag in kept}
    keys = answers.keys
    for outcome in answers.outcomes:
        value = score(outcome)
        if value is None:
            continue
        for tag in answers.cases[outcome.case].tags:
            if tag in columns:
                columns[tag][0].append(value)
                columns[tag][1].append(outcome.case if keys is None else keys[outcome.case])
    return {
        tag: (values, None if keys is None else shared) for tag, (values, shared) in columns.items()
    }


def _mean(column: tuple[list[float], list[Hashable] | None]) -> MeanInterval | None:
    values, clusters = column
    return mean_interval(values, clusters) if values else None


def _effects(kept: dict[str, list[int]], candidates: Sequence[Answers]) -> tuple[TagEffect, ...]:
    if len(candidates) < 2:
        return ()
    means = [answers.by_case(score) for answers in candidates]
    found: list[tuple[str, str, Difference]] = []
    for i, answers in enumerate(candidates):
        others = [m for j, m in enumerate(means) if j != i]
        for tag, members in kept.items():
            made = _against(answers, means[i], others, members)
            if made is not None:
                found.append((tag, answers.name, made))
    adjusted = benjamini_hochberg([d.p for _, _, d in found])
    return tuple(
        TagEffect(
            tag=tag,
            candidate=candidate,
            cases=d.n,
            difference=d.value,
            interval=d.interval,
            p=d.p,
            p_adjusted=p,
            stands_out=p <= FALSE_SHARE,
        )
        for (tag, candidate, d), p in zip(found, adjusted, strict=True)
    )


def _against(
    answers: Answers,
    mine: dict[int, float],
    others: Sequence[dict[int, float]],
    members: Sequence[int],
) -> Difference | None:
    ours: list[float] = []
    theirs: list[float] = []
    common: list[int] = []
    for case in members:
        rivals = [m[case] for m in others if case in m]
        if case in mine and rivals:
            ours.append(mine[case])
            theirs.append(sum(rivals) / len(rivals))
            common.append(case)
    if len(common) < _FEWEST_CASES:
        return None
    keys = answers.case_keys
    return difference(ours, theirs, None if keys is None else [keys[case] for case in common])
