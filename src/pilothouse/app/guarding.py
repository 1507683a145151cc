"""The configured guards, built and in their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilothouse.app.guards_config import GuardRow
from pilothouse.client.guarding import Count, GuardBook, Placed


def open_guards(
    rows: Sequence[GuardRow], environ: Mapping[str, str], count: Count | None = None
) -> GuardBook | None:
    """None without any, so that requests have nothing to ask. `count` is told what guards do."""
    if not rows:
        return None
    return GuardBook([_placed(row, environ) for row in rows], count)


def _placed(row: GuardRow, environ: Mapping[str, str]) -> Placed:
    config = row.config
    return Placed(
        name=config.name,
        guard=row.kind.build(row.settings, environ),
        kind=config.kind,
        on=row.on,
        is_flagging=config.action == "flag",
        routes=row.routes,
        keys=tuple(config.keys),
        teams=tuple(config.teams),
        on_error=config.on_error,
        timeout_ms=config.timeout_ms,
    )
