"""Divides traffic by weight; the same subject (or conversation) keeps its target.

Weighted rendezvous hashing: each target has a hash of (route, target, who) and is ranked by -ln(hash) / weight, the least first.
The share of each is its weight's part of all, the ranking is the failover order, and a change of one weight
moves no one between two other targets. Source: Schindelhauer and Schomaker, "Weighted distributed hash
tables" (SPAA 2005), the logarithmic method.
"""

from __future__ import annotations

from math import log

from pilothouse.core.facts import Facts
from pilothouse.core.place import position
from pilothouse.core.route import Live, Route, RouteSpec, Target
from pilothouse.core.sticky import who_stays

_LEAST = 2.0**-60
"""A hash of exactly 0 or 1 has no usable logarithm."""


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """Every target, the one whose turn it is first."""
    kind, who = who_stays(facts, spec.sticky)
    weights = spec.weights or (1.0,) * len(spec.targets)
    ranked = sorted(
        zip(spec.targets, weights, strict=True),
        key=lambda pair: _rank(spec.name, pair[0], pair[1], who),
    )
    first, weight = ranked[0]
    share = weight / sum(weights)
    return Route(
        name=spec.name,
        targets=tuple(target for target, _ in ranked),
        why=f"the {kind}'s hash falls to {first.name}, whose share is {share:.4g}",
    )


def _rank(route: str, target: Target, weight: float, who: str) -> float:
    """The lower, the sooner. Exponential with rate `weight`: the least of several is chosen by weight."""
    place = position(f"{route}\0{target.name}", who)
    return -log(max(place, _LEAST)) / weight
