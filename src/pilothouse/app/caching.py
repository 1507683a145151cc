"""Opens the answer cache as configured, and says which semantic caches may not be switched on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from pilothouse import registry
from pilothouse.app.cache_config import CacheConfig
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.backend import Backend
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.cache.redis_backend import CacheRedis, RedisBackend
from pilothouse.client.cache.semantic.embedder import (
    Embed,
    Embedder,
    PluginEmbedder,
    TargetEmbedder,
)
from pilothouse.client.cache.semantic.gate import read_measured, shipped, why_refused
from pilothouse.client.cache.semantic.index import NearIndex
from pilothouse.client.cache.semantic.nearby import Nearby
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.core.errors import InvalidInput, ProviderError, did_you_mean
from pilothouse.core.ports import NowUs
from pilothouse.core.route import RouteSpec, Target
from pilothouse.core.route_settings import CacheSettings, SemanticSettings
from pilothouse.core.secret import not_set


def open_cache(
    config: CacheConfig,
    routes: Iterable[RouteSpec],
    targets: Mapping[str, Target],
    embed: Embed,
    now_us: NowUs,
    environ: Mapping[str, str],
) -> AnswerCache | None:
    """None when no route keeps answers. `close()` its `backend` at the end. Raises `InvalidInput`."""
    keeping = [spec for spec in routes if spec.cache.ttl_s is not None]
    if not keeping:
        return None
    nearby: dict[str, Nearby] = {}
    index: NearIndex | None = None
    for spec in keeping:
        settings = spec.cache.semantic
        if settings is not None:
            index = index or NearIndex(config.max_vectors_mb * 1024 * 1024)
            embedder = embedder_of(settings.embedding, targets, embed)
            nearby[spec.name] = Nearby(settings, embedder, index)
    return AnswerCache(_backend(config, environ), now_us, nearby)


def cache_problems(
    caches: Mapping[str, CacheSettings], targets: Mapping[str, Target], folder: Path
) -> list[tuple[str, str]]:
    """What is wrong with `routes.*.cache`, each with its key path. `folder`: where `measured` is relative to."""
    found: list[tuple[str, str]] = []
    for name, cache in caches.items():
        settings = cache.semantic
        if settings is None:
            continue
        at = f"routes.{name}.cache"
        if cache.ttl_s is None:
            found.append((f"{at}.semantic", "it needs the cache switched on: give ttl_s"))
        try:
            embedder = embedder_of(settings.embedding, targets, _nobody)
            why = _why_refused(settings, embedder.name, folder)
        except InvalidInput as error:
            found.append((f"{at}.semantic", str(error)))
        else:
            if why is not None:
                found.append((f"{at}.semantic.threshold", why))
    return found


def embedder_of(name: str, targets: Mapping[str, Target], embed: Embed) -> Embedder:
    """A plugin's, else a target's. Raises `InvalidInput`."""
    plugins = registry.names("embedders")
    if name in plugins:
        return PluginEmbedder(registry.plugin("embedders", name))
    if name in targets:
        return TargetEmbedder(targets[name], embed)
    known = [*plugins, *targets]
    hint = did_you_mean(name, known)
    raise InvalidInput(
        f'no embedding and no target is called "{name}".{hint} (there are: {", ".join(known)})'
    )


def _why_refused(settings: SemanticSettings, embedding: str, folder: Path) -> str | None:
    if settings.measured is None:
        return why_refused(settings, embedding, shipped())
    path = folder / settings.measured
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    return why_refused(settings, embedding, read_measured(text, str(path)))


def _backend(config: CacheConfig, environ: Mapping[str, str]) -> Backend:
    redis = config.redis
    if redis is None:
        return MemoryBackend(config.max_mb * 1024 * 1024, time.monotonic)
    url = environ.get(redis.url_env)
    if not url:
        raise InvalidInput(f"cache.redis.url_env: {not_set(redis.url_env)}")
    client = connect(url, timeout_s=redis.timeout_ms / 1000, at="cache.redis")
    return RedisBackend(cast(CacheRedis, client), redis.prefix, time.monotonic)


async def _nobody(target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
    raise ProviderError("caller", "nobody is asked while a configuration is checked")
