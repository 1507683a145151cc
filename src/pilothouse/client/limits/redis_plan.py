"""An ask as the arguments of `admit.lua`, and what its replies mean: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from pilothouse.client.limits.messages import (
    budget_refusal,
    concurrency_refusal,
    tightest,
    window_refusal,
)
from pilothouse.client.limits.port import Ask
from pilothouse.client.limits.window import WindowSpec, specs_of
from pilothouse.core.limits import FOREVER_US, Account, Refused, Room, Rooms, Scope, period_of
from pilothouse.core.pico import pico_usd

_KEPT_AFTER_MS = 2 * 86_400_000
"""A period's account stays in Redis for so long after its end: late settlements, and a look back."""


class Check(Struct, frozen=True):
    """One thing that must have room. `key` is its Redis key without the prefix."""

    kind: Literal["w", "c", "b"]
    scope: Scope
    key: str
    limit: int
    amount: int
    certain: int = 0
    spec: WindowSpec | None = None
    account: Account | None = None
    ends_us: int = 0


def checks_of(ask: Ask, now_us: int) -> list[Check]:
    """What `ask` needs, in the order in which refusals are told. `now_us` chooses the budgets' periods."""
    amounts = (1, ask.input_tokens, ask.output_tokens, ask.input_tokens + ask.output_tokens)
    certain = (1, ask.input_tokens, 0, ask.input_tokens)
    found: list[Check] = []
    for scope in ask.scopes:
        for spec, limit in specs_of(scope.limits):
            key = f"w:{scope.id}:{spec.name}"
            unit = spec.unit
            found.append(Check("w", scope, key, limit, amounts[unit], certain[unit], spec))
        if scope.limits.concurrency is not None:
            found.append(Check("c", scope, f"c:{scope.id}", scope.limits.concurrency, 1))
        for budget in scope.budgets:
            period, ends_us = period_of(budget.per, now_us)
            found.append(
                Check(
                    "b",
                    scope,
                    f"b:{scope.id}:{period}",
                    pico_usd(budget.usd),
                    ask.pico_usd,
                    account=Account(scope.id, period),
                    ends_us=ends_us,
                )
            )
    return found


def admit_checks(
    checks: list[Check], seeds: Mapping[Account, int], now_us: int
) -> list[tuple[str | int, ...]]:
    """As `admit.lua` reads them. Money is text: a Lua number would round it."""
    found: list[tuple[str | int, ...]] = []
    for check in checks:
        spec, account = check.spec, check.account
        if spec is not None:
            amounts = (check.limit, check.amount, check.certain, spec.width_us, spec.slots)
            found.append(("w", check.key, *amounts))
        elif account is not None:
            seed = seeds.get(account)
            ttl_ms = 0
            if check.ends_us != FOREVER_US:
                ttl_ms = (check.ends_us - now_us) // 1000 + _KEPT_AFTER_MS
            room = str(check.limit - check.amount)
            told = "" if seed is None else str(seed)
            found.append(("b", check.key, room, str(check.amount), ttl_ms, told))
        else:
            found.append(("c", check.key, check.limit))
    return found


def refusal_of(check: Check, used: int, wait_us: int, now_us: int) -> Refused:
    """What `no` means."""
    if check.spec is not None:
        is_never = wait_us < 0
        asked = check.certain if is_never else check.amount
        wait = None if is_never else wait_us
        return window_refusal(check.scope, check.spec, check.limit, used, asked, wait)
    if check.account is not None:
        free = check.limit - used
        return budget_refusal(
            check.scope, check.account, check.limit, free, check.amount, check.ends_us, now_us
        )
    return concurrency_refusal(check.scope, check.limit)


def rooms_of(checks: list[Check], used: list[int], redis_now_us: int) -> Rooms:
    """For headers: what was left right after the admission."""
    found: list[tuple[bool, Room]] = []
    for check, total in zip(checks, used, strict=True):
        if check.spec is not None:
            width_us = check.spec.width_us
            empty_us = (redis_now_us // width_us + check.spec.slots + 1) * width_us - redis_now_us
            left = max(check.limit - total, 0)
            found.append((check.spec.unit == 0, Room(check.limit, left, empty_us / 1e6)))
    return tightest(found)


def settle_entries(
    checks: list[Check], redis_now_us: int, input_tokens: int, output_tokens: int, spent: int
) -> list[tuple[str | int, ...]]:
    """As `settle.lua` reads them."""
    used = (1, input_tokens, output_tokens, input_tokens + output_tokens)
    found: list[tuple[str | int, ...]] = []
    for check in checks:
        if check.spec is not None:
            change = used[check.spec.unit] - check.amount
            if change:
                found.append(("w", check.key, str(redis_now_us // check.spec.width_us), change))
        elif check.account is not None:
            found.append(("b", check.key, str(check.amount), str(spent)))
        else:
            found.append(("c", check.key))
    return found


def share_of(scope: Scope, replicas: int) -> Scope:
    """The scope with one replica's part of its limits, at least 1; budgets are divided where they open."""
    if replicas <= 1:
        return scope
    values = {
        name: max(value // replicas, 1)
        for name in scope.limits.__struct_fields__
        if (value := getattr(scope.limits, name)) is not None
    }
    return Scope(scope.id, scope.label, type(scope.limits)(**values), scope.budgets)
