"""A confidence sequence for a mean of values in 0-1: it may be looked at after every value, and stopped at any.

At each possible mean m a gambler bets that the mean is another; where the gambler's wealth has ever passed
1 / alpha, m is ruled out (Ville's inequality). The hedged capital process of I. Waudby-Smith and A. Ramdas,
"Estimating means of bounded random variables by betting", JRSS B 86 (2024), eqs. 24-26, on a grid.
"""

from __future__ import annotations

from math import inf, log, log1p, sqrt

from pilothouse.core.stats.proportion import Interval

_GRID = 1000
_MOST_BET = 0.5


class BettingSequence:
    """Add values in an order that does not depend on them. O(grid that is left) a value."""

    def __init__(self, confidence: float = 0.95, *, grid: int = _GRID) -> None:
        self.count = 0
        self._alpha = 1 - confidence
        self._limit = log(2 / self._alpha)
        """Half of the wealth bets on more, half on less; either alone may pass."""
        self._means = [i / grid for i in range(grid + 1)]
        self._up = [0.0] * (grid + 1)
        self._down = [0.0] * (grid + 1)
        self._low, self._high = 0, grid
        self._sum = 0.5
        self._squares = 0.25

    @property
    def interval(self) -> Interval:
        """What no value so far rules out; always holds the truth, with the confidence, at all times at once."""
        step = 1 / (len(self._means) - 1)
        low = max(0.0, self._means[self._low] - step)
        return Interval(low, min(1.0, self._means[self._high] + step))

    def add(self, value: float) -> None:
        """One more, in 0-1."""
        n = self.count + 1
        variance = self._squares / n
        bet = sqrt(2 * log(2 / self._alpha) / (variance * n * log(n + 1)))
        up, down, means = self._up, self._down, self._means
        for i in range(self._low, self._high + 1):
            m = means[i]
            off = value - m
            more = min(bet, _MOST_BET / m if m > 0 else bet)
            less = min(bet, _MOST_BET / (1 - m) if m < 1 else bet)
            up[i] += _log1p(more * off)
            down[i] += _log1p(-less * off)
        while self._low < self._high and self._is_out(self._low):
            self._low += 1
        while self._high > self._low and self._is_out(self._high):
            self._high -= 1
        self.count = n
        self._sum += value
        self._squares += (value - self._sum / (n + 1)) ** 2

    def _is_out(self, i: int) -> bool:
        return max(self._up[i], self._down[i]) >= self._limit


def _log1p(x: float) -> float:
    return log1p(x) if x > -1 else -inf
