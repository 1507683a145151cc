"""Divides traffic by weight; the same subject (or conversation) keeps its target.

Weighted rendezvous hashing: each target has a hash of (route, target, who) and is ranked by -ln(hash) / weight, the least first.
The share of each is its weight's part of all, the ranking is the failover order, and a change of one weight
moves no one between two other targets. Source: Schindelhauer and Schomaker, "Weighted distributed hash
tables" (SPAA 2005), the logarithmic method.
"""

from __future__ import annotations

from math import log

from pilothouse.core.facts import Facts
from pilothouse.core.place import positions
from pilothouse.core.route import Live, Route, RouteSpec
from pilothouse.core.sticky import who_stays

_LEAST = 2.0**-60
"""A hash of exactly 0 has no logarithm."""


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """Every target, the one whose turn it is first."""
    kind, who = who_stays(facts, spec.sticky)
    weights = spec.weights or (1.0,) * len(spec.targets)
    places = positions(spec.name, who, [target.name for target in spec.targets])
    # Exponential with rate `weight`: the least of several is each with its weight's part of all.
    ranked = sorted(
        (-log(max(place, _LEAST)) / weight, i)
        for i, (place, weight) in enumerate(zip(places, weights, strict=True))
    )
    first = ranked[0][1]
    share = weights[first] / sum(weights)
    return Route(
        name=spec.name,
        targets=tuple([spec.targets[i] for _, i in ranked]),
        why=f"the {kind}'s hash falls to {spec.targets[first].name}, whose share is {share:.4g}",
    )
