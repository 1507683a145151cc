"""A candidate against itself: tags on which it does better or worse than on its other cases.

Two independent groups of cases. Right-or-wrong answers that share nothing get Newcombe's interval (Statistics in
Medicine 17, 1998, method 10), all others the normal one. Corrected by Benjamini and Hochberg over the tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt
from statistics import NormalDist

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval
from pilothouse.core.stats.multiple import benjamini_hochberg
from pilothouse.core.stats.newcombe import newcombe
from pilothouse.core.stats.proportion import Interval, normal_interval
from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.tags import FALSE_SHARE, FEWEST_CASES, TagRow

MOST_SPOT_TAGS = 60
"""Tags that are tested: the most frequent ones."""


class Spot(Struct, frozen=True, kw_only=True):
    """One tag of one candidate, against its cases without the tag."""

    tag: str
    candidate: str
    cases: int
    accuracy: float
    elsewhere: float
    interval: Interval
    """Of the difference."""
    p_adjusted: float
    stands_out: bool

    @property
    def difference(self) -> float:
        """On the tag less elsewhere."""
        return self.accuracy - self.elsewhere


def spots(answers: Answers, whole: MeanInterval | None, rows: Sequence[TagRow]) -> tuple[Spot, ...]:
    """Of the tags in `rows` that split the cases into two groups of some size. `whole` is over all of them."""
    found: list[Spot] = []
    for row in rows[:MOST_SPOT_TAGS]:
        here = next((c.accuracy for c in row.cells if c.candidate == answers.name), None)
        if whole is None or here is None or row.cases < FEWEST_CASES:
            continue
        rest = _without(whole, here) if answers.keys is None else _elsewhere(answers, row.tag)
        if rest is not None and rest.n >= FEWEST_CASES:
            found.append(_spot(answers.name, row, here, rest))
    adjusted = benjamini_hochberg([spot.p_adjusted for spot in found])
    return tuple(
        replace(spot, p_adjusted=p, stands_out=p <= FALSE_SHARE)
        for spot, p in zip(found, adjusted, strict=True)
    )


class _Rest(Struct, frozen=True):
    value: float
    standard_error: float
    n: int
    is_plain: bool
    """Independent and right or wrong."""


def _without(whole: MeanInterval, here: MeanInterval) -> _Rest | None:
    """Independent answers: mean and error of what is left, from the sums that the two were made of."""
    n = whole.n - here.n
    if n < 2:
        return None
    value = (whole.n * whole.value - here.n * here.value) / n
    squares = _squares(whole) - _squares(here)
    error = sqrt(max(0.0, squares - n * value**2) / (n - 1) / n)
    return _Rest(value, error, n, whole.how in ("Wilson", "Clopper-Pearson"))


def _squares(found: MeanInterval) -> float:
    """The sum of the squared values."""
    n = found.n
    spread = (found.standard_error**2) * n * (n - 1) if n > 1 else 0.0
    return spread + n * found.value**2


def _elsewhere(answers: Answers, tag: str) -> _Rest | None:
    """Answers that share clusters or repeats: measured anew."""
    values, clusters = answers.column(
        lambda o: None if tag in answers.cases[o.case].tags else score(o)
    )
    if len(values) < 2:
        return None
    found = mean_interval(values, clusters)
    return _Rest(found.value, found.standard_error, found.n, False)


def _spot(name: str, row: TagRow, here: MeanInterval, rest: _Rest) -> Spot:
    """With the plain p-value for the adjusted one."""
    error = sqrt(here.standard_error**2 + rest.standard_error**2)
    difference = here.value - rest.value
    p = 1.0 if difference == 0 else 0.0 if error == 0 else _two_sided(difference / error)
    return Spot(
        tag=row.tag,
        candidate=name,
        cases=row.cases,
        accuracy=here.value,
        elsewhere=rest.value,
        interval=_interval(here, rest, error),
        p_adjusted=p,
        stands_out=False,
    )


def _interval(here: MeanInterval, rest: _Rest, error: float) -> Interval:
    if rest.is_plain:
        right = (round(here.value * here.n), round(rest.value * rest.n))
        return newcombe(right[0], here.n, right[1], rest.n)
    if not isfinite(error):  # one cluster says nothing of its spread
        return Interval(-1.0, 1.0)
    return normal_interval(here.value - rest.value, error)


def _two_sided(z: float) -> float:
    return 2 * NormalDist().cdf(-abs(z))
