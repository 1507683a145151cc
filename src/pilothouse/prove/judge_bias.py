"""What a judge prefers that it should not: the first answer shown, the longer one, its own family's, a yes.

Each bias is a figure with an interval and the number it rests on. None says that a judge is wrong; each says
where to doubt it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from msgspec import Struct

from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval, normal_interval, wilson
from pilothouse.prove.length_control import length_controlled
from pilothouse.prove.pairwise import Judgment

_LEAST = 2
_LEAST_IN_GROUP = 10
"""Fewer on one side of a comparison say nothing."""


class Figure(Struct, frozen=True, kw_only=True):
    """A measured bias."""

    name: str
    value: float
    interval: Interval
    neutral: float
    """What an unbiased judge would have."""
    n: int
    words: str
    """For a reader: what the value is."""

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves the neutral value out."""
        return not self.interval.low <= self.neutral <= self.interval.high


class Sample(Struct, frozen=True, kw_only=True):
    """One answer that a person and the judge graded, each with pass or fail."""

    case_id: str
    human: bool
    judge: bool
    words: int | None = None
    family: str | None = None
    """Of the model that answered."""
    cluster: str | None = None

    @property
    def group(self) -> str:
        """What shares its luck."""
        return self.cluster or self.case_id


def pair_biases(
    judgments: Sequence[Judgment], families: Mapping[str, str], judge_family: str | None
) -> list[Figure]:
    """Of judgments on pairs. `families` gives a candidate's; figures that rest on nothing are left out."""
    both = [j for j in judgments if j.winner is not None]
    found = [*_position(both), *_longer(both)]
    if judge_family is not None:
        found += _own_family(both, families, judge_family)
    return found


def grade_biases(samples: Sequence[Sample], judge_family: str | None) -> list[Figure]:
    """Of graded answers: leniency, length, and one's own family, each against what people said."""
    found: list[Figure] = []
    if len(samples) >= _LEAST:
        groups = [s.group for s in samples]
        gap = difference([s.judge for s in samples], [s.human for s in samples], groups)
        found.append(
            Figure(
                name="leniency",
                value=gap.value,
                interval=gap.interval,
                neutral=0.0,
                n=len(samples),
                words="share that the judge passes, less the share that people pass",
            )
        )
    middle = _middle_words(samples)
    found += _excess_between(
        "length",
        [s for s in samples if s.words is not None and s.words > middle],
        [s for s in samples if s.words is not None and s.words <= middle],
        "how much more the judge passes long answers (over the median) than short ones, beside people",
    )
    if judge_family is not None:
        found += _excess_between(
            "own family",
            [s for s in samples if s.family == judge_family],
            [s for s in samples if s.family not in (None, judge_family)],
            f"how much more the judge passes {judge_family}'s answers than others', beside people",
        )
    return found


def _position(judgments: Sequence[Judgment]) -> list[Figure]:
    """Both orders of each pair: how often the first one shown wins, and how often the order decides."""
    if len(judgments) < _LEAST:
        return []
    firsts: list[float] = []
    groups: list[str] = []
    for j in judgments:
        for winner, shown_first in ((j.a_first, "a"), (j.b_first, "b")):
            if winner != "tie":
                firsts.append(float(winner == shown_first))
                groups.append(j.group)
    same = sum(j.a_first == j.b_first for j in judgments)
    n = len(judgments)
    found = [
        Figure(
            name="consistency",
            value=same / n,
            interval=wilson(same, n),
            neutral=1.0,
            n=n,
            words="share of pairs with the same winner in both orders",
        )
    ]
    if len(firsts) >= _LEAST:
        mean = mean_interval(firsts, groups)
        found.append(
            Figure(
                name="first position",
                value=mean.value,
                interval=mean.interval,
                neutral=0.5,
                n=len(firsts),
                words="share of verdicts for the answer that was shown first (ties left out)",
            )
        )
    return found


def _longer(judgments: Sequence[Judgment]) -> list[Figure]:
    """How often the longer answer wins, beside people where they were asked; and its effect on the odds."""
    decided = [j for j in judgments if j.winner != "tie" and j.words_a != j.words_b]
    if len(decided) < _LEAST:
        return []
    long_wins = [float((j.winner == "a") == (j.words_a > j.words_b)) for j in decided]
    groups = [j.group for j in decided]
    mean = mean_interval(long_wins, groups)
    found = [
        Figure(
            name="longer answer",
            value=mean.value,
            interval=mean.interval,
            neutral=0.5,
            n=len(decided),
            words="share of decided pairs that the longer answer wins",
        )
    ]
    labelled = [(j, w) for j, w in zip(decided, long_wins, strict=True) if j.human in ("a", "b")]
    if len(labelled) >= _LEAST:
        people = [float((j.human == "a") == (j.words_a > j.words_b)) for j, _ in labelled]
        gap = difference([w for _, w in labelled], people, [j.group for j, _ in labelled])
        found.append(
            Figure(
                name="longer answer, beside people",
                value=gap.value,
                interval=gap.interval,
                neutral=0.0,
                n=len(labelled),
                words="how much oftener the judge than people prefers the longer answer",
            )
        )
    effect = length_controlled(
        [j.value or 0.0 for j in judgments],
        [j.words_a for j in judgments],
        [j.words_b for j in judgments],
        [j.group for j in judgments],
    )
    found.append(
        Figure(
            name="length effect",
            value=effect.length_effect,
            interval=effect.length_effect_interval,
            neutral=0.0,
            n=effect.n,
            words="log-odds of a win for an answer that is much longer",
        )
    )
    return found


def _own_family(
    judgments: Sequence[Judgment], families: Mapping[str, str], judge_family: str
) -> list[Figure]:
    """What answers of the judge's family get of pairs with another's; beside people where they were asked."""
    own: list[tuple[float, float | None, str]] = []
    for j in judgments:
        is_own = [families.get(name) == judge_family for name in (j.a, j.b)]
        if is_own[0] == is_own[1] or j.value is None:
            continue
        human = None if j.human is None else {"a": 1.0, "tie": 0.5, "b": 0.0}[j.human]
        mine = j.value if is_own[0] else 1 - j.value
        own.append((mine, human if human is None or is_own[0] else 1 - human, j.group))
    labelled = [(mine, human, group) for mine, human, group in own if human is not None]
    if len(labelled) >= _LEAST:
        gap = difference(
            [m for m, _, _ in labelled], [h for _, h, _ in labelled], [g for _, _, g in labelled]
        )
        words = f"what {judge_family}'s answers get from the judge, less what people give them"
        return [
            Figure(
                name="own family",
                value=gap.value,
                interval=gap.interval,
                neutral=0.0,
                n=len(labelled),
                words=words,
            )
        ]
    if len(own) < _LEAST:
        return []
    mean = mean_interval([m for m, _, _ in own], [g for _, _, g in own])
    words = (
        f"what {judge_family}'s answers get from the judge (it may be what they deserve: no labels)"
    )
    return [
        Figure(
            name="own family",
            value=mean.value,
            interval=mean.interval,
            neutral=0.5,
            n=len(own),
            words=words,
        )
    ]


def _excess_between(
    name: str, these: Sequence[Sample], those: Sequence[Sample], words: str
) -> list[Figure]:
    """A difference of differences: how far judge and people are apart on `these`, less how far on `those`."""
    if min(len(these), len(those)) < _LEAST_IN_GROUP:
        return []
    here, there = (
        difference([s.judge for s in group], [s.human for s in group], [s.group for s in group])
        for group in (these, those)
    )
    value = here.value - there.value
    error = sqrt(here.standard_error**2 + there.standard_error**2)
    return [
        Figure(
            name=name,
            value=value,
            interval=normal_interval(value, error),
            neutral=0.0,
            n=len(these) + len(those),
            words=words,
        )
    ]


def _middle_words(samples: Sequence[Sample]) -> int:
    known = sorted(s.words for s in samples if s.words is not None)
    return known[(len(known) - 1) // 2] if known else 0
