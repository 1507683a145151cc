"""Is the new one at most so much worse? Read off the interval of the paired difference."""

from __future__ import annotations

from typing import Literal

from pilothouse.core.stats.difference import Difference


def non_inferior(found: Difference, margin: float) -> Literal["met", "not met", "not yet proven"]:
    """`found`: the new one less the old. `margin` >= 0: how much worse is still well enough.

    Met: the whole interval is above -margin. Not met: the whole interval is below it.
    """
    if margin < 0:
        raise ValueError("a margin is how much worse it may be: 0 or more")
    if found.interval.low >= -margin:
        return "met"
    return "not met" if found.interval.high < -margin else "not yet proven"
