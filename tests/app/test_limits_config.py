"""The `limits:` section: typed, checked against routes and targets, every error with its line."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from pilothouse.app.limiting import open_limiter
from pilothouse.app.limits_config import LimitsConfig, limits_problems, scopes_of
from pilothouse.client.limits.local import LocalLimiter
from pilothouse.core.errors import InvalidInput
from pilothouse.core.limits import Limits
from pilothouse.documents.strict import Document, parse
from pilothouse.stores.sqlite import SqliteStore

GOOD = """
teams:
  web:
    limits: {requests_per_minute: 60, concurrency: 8}
    budgets: [{usd: 99.999999999999, per: month}, {usd: 5, per: day}]
routes:
  support: {limits: {tokens_per_minute: 100000}}
targets:
  small: {limits: {concurrency: 2}}
redis: {url_env: REDIS_URL, on_redis_down: refuse}
"""


def document(text: str) -> Document[LimitsConfig]:
    return parse(text, LimitsConfig, name="pilothouse.yaml")


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    found = document(text)
    return [str(p) for p in limits_problems(found, found.value, ["support"], ["small"], environ)]


def test_a_section_becomes_scopes_with_exact_money() -> None:
    assert problems(GOOD) == []
    book = scopes_of(document(GOOD).value)
    assert book.teams["web"].id == "team:web"
    assert book.teams["web"].limits == Limits(requests_per_minute=60, concurrency=8)
    assert book.teams["web"].budgets[0].usd == Decimal("99.999999999999")
    assert book.routes["support"].id == "route:support"
    assert book.targets["small"].label == 'target "small"'


def test_nothing_needs_to_be_said() -> None:
    assert document("{}").value == LimitsConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("teams: {web: {limit: {}}}", 'unknown key "limit". Did you mean "limits"?'),
        ("teams: {web: {limits: {requests_per_minit: 1}}}", 'Did you mean "requests_per_minute"?'),
        ("teams: {web: {limits: {concurrency: 0}}}", "Expected `int` >= 1"),
        ("teams: {web: {limits: {concurrency: many}}}", "Expected `int"),
        ("teams: {web: {budgets: [{usd: 5, per: week}]}}", "Invalid enum value 'week'"),
        ("teams: {web: {budgets: [{usd: lots, per: day}]}}", "Invalid decimal"),
        ("redis: {url: redis://x}", 'unknown key "url"'),
        ("redis: {url_env: X, on_redis_down: panic}", "Invalid enum value 'panic'"),
        ("unpriced: maybe", "Invalid enum value 'maybe'"),
    ],
)
def test_what_is_mistyped_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        document(text)
    assert str(caught.value).startswith("pilothouse.yaml:1: ")
    assert message in str(caught.value)


def test_names_that_nothing_answers_to_are_refused() -> None:
    assert problems("routes: {suport: {}}\ntargets: {large: {}}") == [
        'pilothouse.yaml:1: limits.routes.suport: unknown route "suport". Did you mean "support"?',
        'pilothouse.yaml:1: limits.targets.large: unknown target "large". (there are: small)',
    ]


def test_budgets_that_cannot_be_meant_are_refused() -> None:
    (problem,) = problems("teams: {web: {budgets: [{usd: -5, per: day}]}}")
    assert "team: a budget of -5 USD" in problem
    (problem,) = problems("teams: {web: {budgets: [{usd: 5, per: day}, {usd: 6, per: day}]}}")
    assert "two budgets per day" in problem


def test_the_variable_with_the_url_must_be_set() -> None:
    assert problems(GOOD, {"REDIS_URL": "redis://localhost"}) == []
    (problem,) = problems(GOOD, {})
    assert "the environment variable REDIS_URL is not set" in problem


def test_without_redis_this_process_counts(tmp_path: Path) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter = await open_limiter(LimitsConfig(), store.budgets, lambda: 1, lambda: 2, {})
        assert isinstance(limiter, LocalLimiter)
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_a_redis_that_is_away_at_the_start_does_not_stop_it(tmp_path: Path) -> None:
    pytest.importorskip("redis")

    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        environ = {"REDIS_URL": f"unix://{tmp_path}/nobody.sock"}
        limiter = await open_limiter(
            document(GOOD).value, store.budgets, lambda: 1, lambda: 2, environ
        )
        await limiter.close()
        with pytest.raises(InvalidInput, match="REDIS_URL is not set"):
            await open_limiter(document(GOOD).value, store.budgets, lambda: 1, lambda: 2, {})
        store.close()

    asyncio.run(body())
