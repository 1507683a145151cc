"""Anytime-valid tests for "does the new arm do worse?": look as often as you like.

Given that a bad event happened, it is the new arm's with probability q(theta, p) = p theta / (p theta + 1 - p),
where p is the new arm's share when the request was assigned and theta the ratio of the two arms' rates,
whatever the common rate does over time. The mixture of likelihood ratios against theta = `null` is an
e-process: under the null P(ever E >= 1/alpha) <= alpha (Ville). Sources: docs/statistics.md#rate-ratio.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, inf, log

from msgspec import Struct

from pilothouse.core.errors import NoControl

HARM_GRID = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Alternatives, as multiples of the null, when harm is looked for."""
FINE_GRID = (0.2, 0.4, 0.6, 0.8, 0.9)
"""The same, when harmlessness is to be shown."""
CEILING_GRID = (0.02, 0.1, 0.25, 0.5, 0.75)
"""Alternatives below a ceiling, as multiples of it."""
STARTS = 14
"""One process from the beginning with weight 1/2; a fresh one each day shares the other half."""


class RatioTest(Struct, frozen=True):
    """Log likelihood ratios of the alternatives `null` x `grid` against `null`, equal weights."""

    null: float
    grid: tuple[float, ...]
    logs: tuple[float, ...]

    def add(self, is_new: bool, share: float) -> RatioTest:
        """One bad event, of the new arm or of the old, at the share of its assignment."""
        steps = _steps(self.null, self.grid, share, is_new)
        logs = tuple([a + b for a, b in zip(self.logs, steps, strict=True)])
        return RatioTest(self.null, self.grid, logs)

    @property
    def log_e(self) -> float:
        """The log of the e-value; 0 at the start."""
        return log_sum_exp(self.logs) - log(len(self.logs))


def ratio_test(null: float, grid: tuple[float, ...] = HARM_GRID) -> RatioTest:
    """A test of theta <= `null` with a grid above 1, of theta >= `null` with one below."""
    return RatioTest(null, grid, (0.0,) * len(grid))


class RestartedTest(Struct, frozen=True):
    """The same test begun anew each day, so that a late fault does not meet a week of healthy evidence.

    The weighted sum of e-processes, each 1 before it begins, is an e-process.
    """

    starts: tuple[RatioTest, ...]

    def add(self, is_new: bool, share: float) -> RestartedTest:
        """One bad event."""
        return RestartedTest(tuple([s.add(is_new, share) for s in self.starts]))

    def begun(self, count: int) -> RestartedTest:
        """With processes begun until there are `count` of them (at most `STARTS`)."""
        first = self.starts[0]
        missing = min(count, STARTS) - len(self.starts)
        return RestartedTest(self.starts + (ratio_test(first.null, first.grid),) * max(0, missing))

    @property
    def log_e(self) -> float:
        """The log of the weighted sum; processes not yet begun count as 1."""
        share = 0.5 / (STARTS - 1)
        terms = [self.starts[0].log_e + log(0.5)]
        terms += [s.log_e + log(share) for s in self.starts[1:]]
        waiting = STARTS - len(self.starts)
        if waiting:
            terms.append(log(share * waiting))
        return log_sum_exp(terms)


def restarted_test(null: float) -> RestartedTest:
    """A test for harm with its first process begun."""
    return RestartedTest((ratio_test(null, HARM_GRID),))


class CeilingTest(Struct, frozen=True):
    """Evidence that a rate of bad requests is below `ceiling` (null: at or above it)."""

    ceiling: float
    logs: tuple[float, ...]

    def add(self, bad: int, good: int) -> CeilingTest:
        """`bad` and `good` requests of the new arm."""
        logs = tuple(
            [
                before + bad * log(m) + good * log((1 - m * self.ceiling) / (1 - self.ceiling))
                for before, m in zip(self.logs, CEILING_GRID, strict=True)
            ]
        )
        return CeilingTest(self.ceiling, logs)

    @property
    def log_e(self) -> float:
        """The log of the e-value; 0 at the start."""
        return log_sum_exp(self.logs) - log(len(self.logs))


def ceiling_test(ceiling: float) -> CeilingTest:
    """Raises `ValueError` unless 0 < `ceiling` < 1."""
    if not 0 < ceiling < 1:
        raise ValueError(f"a ceiling of {ceiling} is not between 0 and 1")
    return CeilingTest(ceiling, (0.0,) * len(CEILING_GRID))


def log_sum_exp(terms: tuple[float, ...] | list[float]) -> float:
    """log(sum of exp), without overflow."""
    top = max(terms)
    return top if top == -inf else top + log(sum([exp(t - top) for t in terms]))


@lru_cache(maxsize=1024)
def _steps(null: float, grid: tuple[float, ...], share: float, is_new: bool) -> tuple[float, ...]:
    """What one event adds for each alternative. Raises `NoControl` when one arm gets nothing."""
    if not 0 < share < 1:
        raise NoControl(
            f"at a share of {share:g} one arm has no traffic, so nothing can be compared"
        )

    def chance(theta: float) -> float:
        new = share * theta / (share * theta + 1 - share)
        return new if is_new else 1 - new

    at_null = chance(null)
    return tuple([log(chance(null * multiple) / at_null) for multiple in grid])
