"""From judgments on pairs to win rates and a ranking. Several judges on one pair count as one pair: their mean."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from msgspec import Struct

from pilothouse.core.stats.bradley_terry import Strength, bradley_terry
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.length_control import LengthControlled, length_controlled
from pilothouse.prove.pairwise import Judgment, other_way

_LEAST = 2


class Met(Struct, frozen=True, kw_only=True):
    """Two candidates on one case, all judges taken together."""

    case_id: str
    a: str
    b: str
    value: float
    """What `a` gets: 1 = a win in the eyes of all, 0.5 = a tie."""
    words_a: int
    words_b: int
    group: str


class WinRate(Struct, frozen=True, kw_only=True):
    """`a` beside `b`, ties counted as half a win. Shares 0-1."""

    a: str
    b: str
    rate: float
    interval: Interval
    how: str
    wins: int
    ties: int
    losses: int
    """Of cases: a mean over judges of more than a half is a win."""
    ungraded: int
    """Judgments without a verdict in one order or both; they are in no other figure."""
    at_equal_length: LengthControlled | None
    """None = too few pairs."""


class Ranked(Struct, frozen=True, kw_only=True):
    """A candidate's place among all, by Bradley and Terry's model."""

    name: str
    strength: Strength
    """Beside the first name in the order of the alphabet, which stands at 0."""
    pairs: int


def met(judgments: Sequence[Judgment]) -> list[Met]:
    """One for each case and pair of candidates, whichever way round it was asked; without the ungraded."""
    grouped: dict[tuple[str, str, str], list[Judgment]] = {}
    for judgment in judgments:
        if judgment.value is not None:
            turned = judgment if judgment.a <= judgment.b else _turned(judgment)
            key = (turned.case_id, turned.a, turned.b)
            grouped.setdefault(key, []).append(turned)
    return [
        Met(
            case_id=case_id,
            a=a,
            b=b,
            value=fmean([j.value for j in group if j.value is not None]),
            words_a=group[0].words_a,
            words_b=group[0].words_b,
            group=group[0].group,
        )
        for (case_id, a, b), group in grouped.items()
    ]


def win_rates(judgments: Sequence[Judgment]) -> list[WinRate]:
    """Of each two candidates that met, in the order of their names."""
    by_pair: dict[tuple[str, str], list[Met]] = {}
    for one in met(judgments):
        by_pair.setdefault((one.a, one.b), []).append(one)
    return [_rate(a, b, by_pair[a, b], judgments) for a, b in sorted(by_pair)]


def ranking(judgments: Sequence[Judgment]) -> list[Ranked]:
    """Best first. Raises `ValueError` when somebody only won or only lost: then no finite strength fits."""
    meetings = met(judgments)
    names = sorted({name for one in meetings for name in (one.a, one.b)})
    if len(names) < _LEAST:
        raise ValueError("a ranking needs two candidates that met")
    place = {name: i for i, name in enumerate(names)}
    wins = [[0.0] * len(names) for _ in names]
    pairs = dict.fromkeys(names, 0)
    for one in meetings:
        i, j = place[one.a], place[one.b]
        wins[i][j] += one.value
        wins[j][i] += 1 - one.value
        pairs[one.a] += 1
        pairs[one.b] += 1
    strengths = bradley_terry(wins)
    found = [
        Ranked(name=name, strength=strength, pairs=pairs[name])
        for name, strength in zip(names, strengths, strict=True)
    ]
    return sorted(found, key=lambda ranked: -ranked.strength.log_strength)


def _rate(a: str, b: str, meetings: Sequence[Met], judgments: Sequence[Judgment]) -> WinRate:
    values = [one.value for one in meetings]
    groups = [one.group for one in meetings]
    mean = mean_interval(values, groups)
    at_equal_length = None
    if len(meetings) >= _LEAST:
        words_a, words_b = [m.words_a for m in meetings], [m.words_b for m in meetings]
        at_equal_length = length_controlled(values, words_a, words_b, groups)
    return WinRate(
        a=a,
        b=b,
        rate=mean.value,
        interval=mean.interval,
        how=mean.how,
        wins=sum(v > 0.5 for v in values),
        ties=sum(v == 0.5 for v in values),
        losses=sum(v < 0.5 for v in values),
        ungraded=sum(j.winner is None and {j.a, j.b} == {a, b} for j in judgments),
        at_equal_length=at_equal_length,
    )


def _turned(judgment: Judgment) -> Judgment:
    """The same with the candidates the other way round."""
    return Judgment(
        case_id=judgment.case_id,
        a=judgment.b,
        b=judgment.a,
        judge=judgment.judge,
        a_first=other_way(judgment.b_first),
        b_first=other_way(judgment.a_first),
        words_a=judgment.words_b,
        words_b=judgment.words_a,
        cluster=judgment.cluster,
        human=other_way(judgment.human),
        why_ungraded=judgment.why_ungraded,
    )
