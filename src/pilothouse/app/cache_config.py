"""`cache:` in pilothouse.yaml: where kept answers lie. Which routes keep any is said by each (`routes.X.cache`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse.core.secret import not_set


class CacheRedisConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep answers in Redis, for all replicas. They lie there as they are. The URL is in a variable."""

    url_env: str
    prefix: Annotated[str, Meta(min_length=1)] = "pilothouse:cache:"
    timeout_ms: Annotated[int, Meta(ge=10, le=60_000)] = 100
    """A Redis slower than this is passed by."""


class CacheConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section as written."""

    max_mb: Annotated[int, Meta(ge=1, le=1_000_000)] = 64
    """For answers in this process; unused with Redis, whose own `maxmemory` rules there."""
    max_vectors_mb: Annotated[int, Meta(ge=1, le=1_000_000)] = 32
    """For the questions that semantic caches compare, in each process."""
    redis: CacheRedisConfig | None = None


def cache_config_problems(
    config: CacheConfig, environ: Mapping[str, str] | None
) -> list[tuple[str, str]]:
    """Key path and message. With `environ`, the URL must be in it."""
    redis = config.redis
    if redis is None or environ is None or environ.get(redis.url_env):
        return []
    return [("cache.redis.url_env", not_set(redis.url_env))]
