"""An upper bound of a rate that holds however often it is looked at: what may stop something by itself.

A bettor holds against each possible rate s a mixture of rates with weights Beta(1/2, 10), most of it near 0; its
wealth against the true rate ever passes 1 / alpha with probability alpha at most (Ville). The bound is the
largest s that the wealth has not passed. Source: H. Robbins, Ann. Math. Statist. 41 (1970), the method of
mixtures; for bounded means S. R. Howard et al., Ann. Statist. 49 (2021), section 3.
"""

from __future__ import annotations

from functools import lru_cache
from math import lgamma, log, log1p

_A, _B = 0.5, 10.0
_STEPS = 40


@lru_cache(maxsize=8192)
def anytime_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """The bound after k of n; 1.0 when nothing was seen. Raises `ValueError` unless 0 <= k <= n."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    mixed = _log_beta(k + _A, n - k + _B) - _log_beta(_A, _B)
    limit = -log(1 - confidence)
    low, high = k / n if n else 1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if mixed - _log_likelihood(k, n, middle) >= limit:
            high = middle
        else:
            low = middle
    return high


def _log_likelihood(k: int, n: int, rate: float) -> float:
    return (k * log(rate) if k else 0.0) + ((n - k) * log1p(-rate) if k < n else 0.0)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
