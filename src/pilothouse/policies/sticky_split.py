"""Divides a route's traffic between the old and the new target of a running rollout.

The same subject (a user or a conversation) stays on its arm while the share stands, and once on the new
arm stays there as the share grows: it is on the new arm when the hash of (rollout, subject) is below
the share. Without a subject the request's own id is hashed.
"""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.place import position as position
from pilothouse.core.route import Live, Route, RouteSpec


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The new arm falls back to the old target; the old arm never touches the new one."""
    split = live.split
    if split is None:
        return Route(name=spec.name, targets=spec.targets, why="no rollout is running")
    rest = tuple(t for t in spec.targets if t.name not in (split.old.name, split.new.name))
    place = position(split.rollout_id, facts.subject or facts.request_id)
    is_new = place < split.share
    who = "subject" if facts.subject else "request"
    return Route(
        name=spec.name,
        targets=(split.new, split.old, *rest) if is_new else (split.old, *rest),
        arm="new" if is_new else "old",
        share=split.share,
        rollout_id=split.rollout_id,
        why=f"{who} hashes to {place:.4f}, the new arm's share is {split.share:g}",
    )
