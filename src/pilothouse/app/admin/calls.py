"""Recorded attempts, filtered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse.app.compose import now_us
from pilothouse.app.stores import Store
from pilothouse.core.call import CacheHit, Call, Source, Status
from pilothouse.core.ports import CallFilter
from pilothouse.server.admin.operation import Asked, Operation
from pilothouse.watch.when import when_us


class CallsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field given must match."""

    source: Source | None = None
    route: str | None = None
    arm: str | None = None
    target: str | None = None
    model: str | None = None
    status: Status | None = None
    error_class: str | None = None
    request_id: str | None = None
    run: str | None = None
    rollout: str | None = None
    key: str | None = None
    """A virtual key's id."""
    team: str | None = None
    tag: str | None = None
    cache: CacheHit | None = None
    since: str | None = None
    """An age (1h, 7d), a date, or a date and time in UTC."""
    until: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class CallList(Struct, frozen=True):
    """Newest first."""

    calls: list[Call]


def call_operations(store: Store) -> Sequence[Operation]:
    """One."""

    async def listed(asked: Asked) -> object:
        query: CallsQuery = asked.query
        where = _filter(query)
        return CallList(await asyncio.to_thread(store.calls, where, limit=query.limit))

    return (
        Operation(
            "GET",
            "/admin/calls",
            "List recorded attempts, newest first.",
            listed,
            CallList,
            query=CallsQuery,
        ),
    )


def _filter(query: CallsQuery) -> CallFilter:
    now = now_us()
    return CallFilter(
        source=query.source,
        route=query.route,
        arm=query.arm,
        target=query.target,
        model=query.model,
        status=query.status,
        error_class=query.error_class,
        request_id=query.request_id,
        run_id=query.run,
        rollout_id=query.rollout,
        key_id=query.key,
        team=query.team,
        tag=query.tag,
        cache=query.cache,
        since_us=when_us(query.since, now) if query.since else None,
        until_us=when_us(query.until, now) if query.until else None,
    )
