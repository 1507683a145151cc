"""`limits:` in pilothouse.yaml: teams, routes and targets with their limits and budgets, and who counts.

Keys are not configured: they are made and changed while the gateway runs (`pilothouse keys`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.limits import Budget, Limits, Scope, ScopeKind, checked, scope_of
from pilothouse.core.secret import not_set
from pilothouse.documents.strict import Document

T = TypeVar("T")


class ScopeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one team, route or target may use."""

    limits: Limits = Limits()
    budgets: list[Budget] = []


class RedisConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Count in Redis, so that replicas share every limit. The URL is in an environment variable."""

    url_env: str
    prefix: Annotated[str, Meta(min_length=1)] = "{pilothouse}:"
    """What all its keys start with; the braces keep them on one node of a cluster."""
    on_redis_down: Literal["local", "refuse"] = "local"
    """`local`: each replica goes on with its share. `refuse`: nothing with limits passes."""
    timeout_ms: Annotated[int, Meta(ge=10, le=60_000)] = 250


class LimitsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section as written."""

    teams: dict[str, ScopeConfig] = {}
    routes: dict[str, ScopeConfig] = {}
    targets: dict[str, ScopeConfig] = {}
    redis: RedisConfig | None = None
    default_output_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] = 4096
    """Held for a request that says no maximum."""
    unpriced: Literal["refuse", "allow"] = "refuse"
    """A model without a price, asked for under a budget."""
    hold_s: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    """When a request that nobody settled is taken for dead; longer than the longest answer."""


class ScopeBook(Struct, frozen=True):
    """The configured scopes by name: the same objects for every request."""

    teams: dict[str, Scope]
    routes: dict[str, Scope]
    targets: dict[str, Scope]


def scopes_of(config: LimitsConfig) -> ScopeBook:
    """The section as scopes."""
    return ScopeBook(
        _scopes("team", config.teams),
        _scopes("route", config.routes),
        _scopes("target", config.targets),
    )


def limits_problems(
    document: Document[T],
    config: LimitsConfig,
    routes: Collection[str],
    targets: Collection[str],
    environ: Mapping[str, str] | None = None,
) -> list[InvalidInput]:
    """What the shape alone cannot say, each with file, line and key. With `environ`, the URL must be in it."""
    problems: list[InvalidInput] = []
    for section, known in (("routes", routes), ("targets", targets)):
        given: dict[str, ScopeConfig] = getattr(config, section)
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or f" (there are: {', '.join(known)})"
                message = f'unknown {section[:-1]} "{name}".{hint}'
                problems.append(document.error(f"limits.{section}.{name}", message))
    for section in ("teams", "routes", "targets"):
        entries: dict[str, ScopeConfig] = getattr(config, section)
        for name, entry in entries.items():
            try:
                checked(entry.limits, entry.budgets, section[:-1])
            except InvalidInput as error:
                problems.append(document.error(f"limits.{section}.{name}", str(error)))
    if config.redis is not None and environ is not None and not environ.get(config.redis.url_env):
        message = not_set(config.redis.url_env)
        problems.append(document.error("limits.redis.url_env", message))
    return problems


def _scopes(kind: ScopeKind, entries: Mapping[str, ScopeConfig]) -> dict[str, Scope]:
    return {
        name: scope_of(kind, name, entry.limits, tuple(entry.budgets))
        for name, entry in entries.items()
    }
