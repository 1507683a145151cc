"""The first rule that matches says where; the route's own targets answer when none does.

A rule's targets are all there are for it: what was sent to a model that sees images is not passed on to one
that does not.
"""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """Rules in order."""
    for choice in spec.rules:
        if choice.rule.matches(facts):
            why = f'rule "{choice.rule.name}": {choice.rule.text}'
            return Route(name=spec.name, targets=choice.targets, why=why)
    return Route(name=spec.name, targets=spec.targets, why="no rule matches")
