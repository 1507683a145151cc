"""Student's t: its distribution and its quantiles, from the incomplete beta function that is here."""

from __future__ import annotations

from functools import lru_cache
from math import inf, sqrt

from pilothouse.core.stats.beta import beta_quantile, incomplete_beta


@lru_cache(maxsize=512)
def t_quantile(confidence: float, df: float) -> float:
    """The t that a share `confidence` of the distribution stays within, on both sides; df > 0."""
    if df == inf:
        raise ValueError("use the normal distribution")
    x = beta_quantile(1 - confidence, df / 2, 0.5)
    return sqrt(df * (1 - x) / x)


def t_p_value(t: float, df: float) -> float:
    """Two-sided: how often |T| is at least |t|."""
    return incomplete_beta(df / (df + t * t), df / 2, 0.5)
