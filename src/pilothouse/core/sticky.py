"""Whose choice stays where it is."""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route_settings import Sticky


def who_stays(facts: Facts, sticky: Sticky) -> tuple[Sticky, str]:
    """What the choice is hashed by, and its value: the request's own id when there is nothing better."""
    if sticky == "conversation" and facts.conversation:
        return "conversation", facts.conversation
    if sticky != "request" and facts.subject:
        return "subject", facts.subject
    return "request", facts.request_id
