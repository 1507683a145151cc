"""Divides a route's traffic between the old and the new arm of a running rollout.

The same subject (a user or a conversation) stays on its arm while the share stands, and once on the new
arm stays there as the share grows: it is on the new arm when the hash of (rollout, subject) is below
the share. Without a subject the request's own id is hashed.
"""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.place import position as position
from pilothouse.core.route import Arm, Live, Route, RouteSpec, Target


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The new arm falls back to the old target; the old arm never touches the new one.

    Of an arm that is a route, the targets as configured: its policy has yet to order them.
    """
    split = live.split
    if split is None:
        return Route(name=spec.name, targets=spec.targets, why="no rollout is running")
    rest = tuple(t for t in spec.targets if t.name not in (split.old.name, split.new.name))
    place = position(split.rollout_id, facts.subject or facts.request_id)
    is_new = place < split.share
    who = "subject" if facts.subject else "request"
    return Route(
        name=spec.name,
        targets=_in_order(split.new, split.old, rest)
        if is_new
        else _in_order(split.old, None, rest),
        arm="new" if is_new else "old",
        share=split.share,
        rollout_id=split.rollout_id,
        why=f"{who} hashes to {place:.4f}, the new arm's share is {split.share:g}",
    )


def _in_order(first: Arm, then: Arm | None, rest: tuple[Target, ...]) -> tuple[Target, ...]:
    if isinstance(first, RouteSpec):
        return first.targets
    return (first, then, *rest) if isinstance(then, Target) else (first, *rest)
