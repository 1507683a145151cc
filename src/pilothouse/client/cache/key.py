"""Whose answers to which question on which route: what a kept answer is found by."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from pilothouse.client.keyring import Holder
from pilothouse.core.ask import Ask
from pilothouse.core.route import Route

Tenant = tuple[str, str]
SHARED: Tenant = ("shared", "")
OPEN: Tenant = ("open", "")
"""All callers of a gateway that knows no keys."""
MEANT_FOR_VENDORS = ("anthropic-beta", "openai-beta")
"""Headers of the caller that are passed on, and may change the answer."""

_encode = msgspec.msgpack.Encoder().encode


def tenant_of(holder: Holder | None, *, is_shared: bool) -> Tenant:
    """Who may be given each other's answers: a team, a key without one, or everybody on a shared route."""
    if is_shared:
        return SHARED
    if holder is None:
        return OPEN
    key = holder.key
    return ("key", key.id) if key.team is None else ("team", key.team)


def place_of(tenant: Tenant, route: Route, ask: Ask) -> bytes:
    """Everything beside the question. Which targets there are counts, not in which order they are tried:
    an arm of a rollout is told by its name, because its answers are compared with another's."""
    targets = sorted([(t.name, t.provider, t.model) for t in route.targets])
    heads = [ask.headers.get(name, "") for name in MEANT_FOR_VENDORS] if ask.headers else ()
    return _encode((tenant, route.name, route.arm, route.rollout_id, targets, heads))


def exact_key(place: bytes, question: bytes) -> bytes:
    """32 bytes. `question` is a digest of one length, so the two cannot run into each other."""
    return blake2b(place + question, digest_size=32).digest()
