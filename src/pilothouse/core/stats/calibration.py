"""Are stated probabilities right? Brier's score and the expected calibration error.

Sources: G. Brier, Monthly Weather Review 78 (1950); M. Naeini et al., AAAI 2015 (bins of equal width).
"""

from __future__ import annotations

from collections.abc import Sequence


def brier(stated: Sequence[float], happened: Sequence[bool | int]) -> float:
    """Mean squared error; 0 is best, 0.25 is what "one half" always gets."""
    pairs = list(zip(stated, happened, strict=True))
    return sum([(p - y) ** 2 for p, y in pairs]) / len(pairs)


def expected_calibration_error(
    stated: Sequence[float], happened: Sequence[float], bins: int = 10
) -> float:
    """The mean gap between what was stated and what happened (0-1), over bins of equal width."""
    counts, p_sums, y_sums = [0] * bins, [0.0] * bins, [0.0] * bins
    for p, y in zip(stated, happened, strict=True):
        at = min(bins - 1, int(p * bins))
        counts[at] += 1
        p_sums[at] += p
        y_sums[at] += y
    gaps = [abs(p - y) for p, y in zip(p_sums, y_sums, strict=True)]
    return sum(gaps) / sum(counts)
