"""Chooses who counts: this process over its database, or Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pilothouse.app.limits_config import LimitsConfig, ScopeBook
from pilothouse.client.admission import AdmissionRules, Admissions
from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.port import Limiter
from pilothouse.client.limits.purse import Purses
from pilothouse.client.limits.redis_limiter import RedisLimiter
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.errors import InvalidInput
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.limits import BudgetStore
from pilothouse.core.ports import NowUs, PriceOf
from pilothouse.core.secret import not_set


async def open_limiter(
    config: LimitsConfig,
    store: BudgetStore,
    now_us: NowUs,
    random_bits: Callable[[], int],
    environ: Mapping[str, str],
) -> Limiter:
    """A limiter that counts; run its `run()` beside the gateway, and `close()` it before the store.

    With Redis away at the start it begins as it would go on (`on_redis_down`). Raises `InvalidInput`.
    """
    process = time_ordered_id(now_us(), random_bits())
    if config.redis is None:
        return LocalLimiter(Purses(store, now_us, process), now_us, time.monotonic_ns)
    url = environ.get(config.redis.url_env)
    if not url:
        raise InvalidInput(f"limits.redis.url_env: {not_set(config.redis.url_env)}")
    limiter = RedisLimiter(
        connect(url, timeout_s=config.redis.timeout_ms / 1000),
        store,
        now_us,
        time.monotonic_ns,
        random_bits,
        replica=process,
        prefix=config.redis.prefix,
        on_redis_down=config.redis.on_redis_down,
    )
    await limiter.beat()
    return limiter


def open_admissions(
    config: LimitsConfig, scopes: ScopeBook, limiter: Limiter, price_of: PriceOf, now_us: NowUs
) -> Admissions:
    """What holds limits and budgets around each request."""
    rules = AdmissionRules(
        default_output_tokens=config.default_output_tokens,
        unpriced=config.unpriced,
        hold_s=config.hold_s,
    )
    return Admissions(limiter, scopes.routes, price_of, now_us, rules, scopes.targets)
