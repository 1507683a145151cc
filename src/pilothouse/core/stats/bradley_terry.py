"""Strengths from who beat whom: P(i beats j) = s_i / (s_i + s_j).

Fitted by the MM algorithm (D. Hunter, Annals of Statistics 32, 2004); errors from the inverse of the information.
A tie is half a win for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt

from msgspec import Struct

from pilothouse.core.stats.proportion import Interval, normal_interval

_ELO = 400 / log(10)


class Strength(Struct, frozen=True, kw_only=True):
    """Of one player, as the logarithm of its strength less the first player's."""

    log_strength: float
    standard_error: float
    interval: Interval

    @property
    def elo(self) -> float:
        """On the scale where 400 points are odds of ten to one."""
        return self.log_strength * _ELO


def bradley_terry(wins: Sequence[Sequence[float]], confidence: float = 0.95) -> list[Strength]:
    """wins[i][j]: how often i beat j. Raises `ValueError` when somebody only wins or only loses against all
    others, directly or through them: then no finite strength fits.
    """
    n = len(wins)
    if not _is_connected(wins):
        raise ValueError("some only win or only lose: more comparisons are needed for a ranking")
    games = [[wins[i][j] + wins[j][i] for j in range(n)] for i in range(n)]
    total = [sum([wins[i][j] for j in range(n) if j != i]) for i in range(n)]
    s = [1.0] * n
    for _ in range(100_000):
        new = [
            total[i]
            / sum([games[i][j] / (s[i] + s[j]) for j in range(n) if j != i and games[i][j]])
            for i in range(n)
        ]
        scale = exp(sum(map(log, new)) / n)
        new = [value / scale for value in new]
        moved = max([abs(log(a / b)) for a, b in zip(new, s, strict=True)])
        s = new
        if moved < 1e-13:
            break
    errors = _errors(s, games)
    found: list[Strength] = []
    for i in range(n):
        value = log(s[i] / s[0])
        around = normal_interval(value, errors[i], confidence)
        found.append(Strength(log_strength=value, standard_error=errors[i], interval=around))
    return found


def _errors(s: Sequence[float], games: Sequence[Sequence[float]]) -> list[float]:
    """Of log strengths relative to the first."""
    n = len(s)
    information = [[0.0] * (n - 1) for _ in range(n - 1)]
    for i in range(n):
        for j in range(i + 1, n):
            weight = games[i][j] * s[i] * s[j] / (s[i] + s[j]) ** 2
            for a, b in ((i, i), (j, j)):
                if a:
                    information[a - 1][b - 1] += weight
            if i:
                information[i - 1][j - 1] -= weight
                information[j - 1][i - 1] -= weight
    inverse = _inverse(information)
    return [0.0, *(sqrt(max(0.0, inverse[i][i])) for i in range(n - 1))]


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Gauss-Jordan with pivots."""
    n = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(n))] for i, row in enumerate(matrix)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        head = rows[i][i]
        rows[i] = [value / head for value in rows[i]]
        for r in range(n):
            if r != i and rows[r][i]:
                factor = rows[r][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[n:] for row in rows]


def _is_connected(wins: Sequence[Sequence[float]]) -> bool:
    """Whether everybody has beaten everybody, directly or through others."""
    n = len(wins)
    return n > 1 and all(len(_reached(wins, forward=f)) == n for f in (True, False))


def _reached(wins: Sequence[Sequence[float]], *, forward: bool) -> set[int]:
    seen, waiting = {0}, [0]
    while waiting:
        i = waiting.pop()
        for j in range(len(wins)):
            if j not in seen and (wins[i][j] if forward else wins[j][i]) > 0:
                seen.add(j)
                waiting.append(j)
    return seen
