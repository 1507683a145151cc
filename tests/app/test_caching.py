"""The answer cache as configured, and what of it may not be switched on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from pilothouse.app.cache_config import CacheConfig, CacheRedisConfig, cache_config_problems
from pilothouse.app.caching import cache_problems, open_cache
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.cache.redis_backend import RedisBackend
from pilothouse.client.cache.semantic.measure import Measured, Rate
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.core.errors import InvalidInput
from pilothouse.core.route import RouteSpec, Target
from pilothouse.core.route_settings import CacheSettings, SemanticSettings

VECTORS = Target(name="vectors", provider="p", model="text-embedding-x")
TARGETS = {"vectors": VECTORS}
HERE = Path()


def now_us() -> int:
    return time.time_ns() // 1000


async def embed(target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
    return EmbeddingAnswer(vectors=((1.0,),))


def a_spec(name: str, cache: CacheSettings) -> RouteSpec:
    return RouteSpec(name=name, policy="fallback", targets=(), cache=cache)


def near(**settings: object) -> CacheSettings:
    return CacheSettings(ttl_s=60, semantic=SemanticSettings(**settings))  # type: ignore[arg-type]


def problems(cache: CacheSettings, folder: Path = HERE) -> list[tuple[str, str]]:
    return cache_problems({"r": cache}, TARGETS, folder)


def test_without_a_route_that_keeps_answers_there_is_no_cache() -> None:
    specs = [a_spec("r", CacheSettings())]
    assert open_cache(CacheConfig(), specs, TARGETS, embed, now_us, {}) is None


def test_only_routes_that_say_so_look_for_near_questions() -> None:
    specs = [a_spec("a", CacheSettings(ttl_s=9)), a_spec("b", near(threshold=0.95))]
    cache = open_cache(CacheConfig(), specs, TARGETS, embed, now_us, {})
    assert cache is not None and set(cache.nearby) == {"b"}
    assert isinstance(cache.backend, MemoryBackend)


def test_redis_is_taken_from_the_environment_and_its_address_is_not_shown() -> None:
    specs = [a_spec("a", CacheSettings(ttl_s=9))]
    config = CacheConfig(redis=CacheRedisConfig(url_env="CACHE_URL"))

    async def opened() -> None:
        url = {"CACHE_URL": "redis://127.0.0.1:6379/0"}
        cache = open_cache(config, specs, TARGETS, embed, now_us, url)
        assert cache is not None and isinstance(cache.backend, RedisBackend)
        await cache.backend.close()

    asyncio.run(opened())
    with pytest.raises(InvalidInput, match="CACHE_URL is not set"):
        open_cache(config, specs, TARGETS, embed, now_us, {})
    with pytest.raises(InvalidInput, match=r"^cache\.redis: not a Redis URL") as raised:
        open_cache(config, specs, TARGETS, embed, now_us, {"CACHE_URL": "http://u:secret@h"})
    assert "secret" not in str(raised.value)
    assert cache_config_problems(config, {}) == [
        ("cache.redis.url_env", "the environment variable CACHE_URL is not set")
    ]
    assert cache_config_problems(config, None) == []


def test_a_threshold_with_too_many_wrong_answers_is_refused_with_the_count() -> None:
    [(at, message)] = problems(near(threshold=0.8))
    assert at == "routes.r.cache.semantic.threshold"
    assert "near-misses of advising wrongly" in message and "despite_false_hits" in message
    assert problems(near(threshold=0.8, despite_false_hits=True)) == []
    assert problems(near(threshold=0.8, most_false_hits=0.05)) == []
    assert problems(near(threshold=0.9)) == []


def test_a_target_that_nobody_measured_is_refused_until_it_is(tmp_path: Path) -> None:
    cache = near(threshold=0.9, embedding="vectors", measured="m.json")
    [(_, message)] = problems(near(threshold=0.9, embedding="vectors"))
    assert "nobody has counted" in message
    [(_, message)] = problems(cache, tmp_path)
    assert "cannot be read" in message
    rate = Rate(threshold=0.9, same=1, hits=1, near_misses=1000, false_hits=0)
    own = Measured(set="own", embedding="text-embedding-x", guards=True, rates=(rate,))
    (tmp_path / "m.json").write_bytes(msgspec.json.encode([own]))
    assert problems(cache, tmp_path) == []


def test_names_that_nothing_answers_to_and_settings_that_do_nothing_are_told() -> None:
    [(_, message)] = problems(near(threshold=0.9, embedding="lexicl"))
    assert 'Did you mean "lexical"?' in message
    off = CacheSettings(semantic=SemanticSettings(threshold=0.9))
    assert problems(off) == [
        ("routes.r.cache.semantic", "it needs the cache switched on: give ttl_s")
    ]
