"""The shipped prior: how hard a prompt looks, learned from public data before any of the user's.

Non-negative least squares of difficulty (1 - the mean score of many models, within each set) on how much there is to
read; sets and licences: `data/route/prior.json`. It is weak (an APGR of 0.59 to 0.61 where length alone has 0.58 to
0.60), and therefore only what heads shrink to.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from pilothouse.learned.surface import PRIOR


class _Shipped(Struct):
    weights: dict[str, float]


@cache
def prior_weights() -> tuple[float, ...]:
    """One for each of `PRIOR`, of the raw features."""
    content = (resources.files("pilothouse.data") / "route" / "prior.json").read_bytes()
    weights = msgspec.json.decode(content, type=_Shipped).weights
    return tuple(weights[name] for name in PRIOR)
