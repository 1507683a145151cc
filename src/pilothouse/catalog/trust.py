"""Which claim wins where sources disagree. The order of sources depends on what the claim is about.

Reasons for the orders: docs/catalogue.md. Facts entered by hand (`your catalogue`, `pilothouse`) come first:
each was entered because the lists were wrong or silent.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from pilothouse.core.model import Claim, Source

YOURS = "your catalogue"
OURS = "pilothouse"
_LEAST = 50
_FORECASTS = frozenset({"retired_on", "deprecated_on", "successor"})

_PRICES = ("genai-prices", "litellm=litellm-2025", "models.dev", "portkey", "llm-stats")
_LIMITS = ("models.dev", "litellm=litellm-2025", "genai-prices", "llm-stats", "helm", "llmfit")
_LIFE = ("litellm=litellm-2025=deprecations-rss", "models.dev", "genai-prices", "llm-stats", "helm")
_SCORES = ("epoch", "vectara", "aider", "livebench", "arena", "open-llm-leaderboard", "models.dev")
_REST = (
    "models.dev",
    "litellm=litellm-2025",
    "llm-stats",
    "helm",
    "genai-prices",
    "llmfit",
    "portkey",
)


def trust(
    claim: Claim, source: Source, as_of: date | None = None
) -> tuple[int, int, int, int, str]:
    """Orders the claims of one field: the least wins.

    Doubted claims come last; when no day is asked for, so do those said to have ended. Then the source's
    rank for this kind of field; of equals the observation nearest to `as_of`, one made by that day before
    one made later; of one list's own the one in force since the latest day.
    """
    seen = (claim.observed_on or source.observed_on).toordinal()
    is_forecast = claim.field in _FORECASTS  # the last one made is the best, whatever day is asked
    day = date.max.toordinal() if as_of is None or is_forecast else as_of.toordinal()
    late, far = (0, day - seen) if seen <= day else (1, seen - day)
    since = claim.valid_from.toordinal() if claim.valid_from else 0
    rank = source_rank(claim.field, claim.source)
    last = 2 * (claim.doubt is not None) + (as_of is None and claim.valid_to is not None)
    return (last, rank, late * 10_000_000 + far, -since, claim.key)


@cache
def source_rank(field: str, source: str) -> int:
    """0 = most trusted about this field. The guide only fills what nobody else says."""
    if source == YOURS:
        return 0
    if source == OURS:
        return 1
    return _ranks(_group(field)).get(source, _LEAST)


def _group(field: str) -> tuple[str, ...]:
    if field.startswith("price_"):
        return _PRICES
    if field.startswith("benchmark:"):
        return _SCORES
    if field in ("context_tokens", "max_input_tokens", "max_output_tokens"):
        return _LIMITS
    return _LIFE if field in _FORECASTS else _REST


@cache
def _ranks(order: tuple[str, ...]) -> dict[str, int]:
    return {name: 2 + i for i, names in enumerate(order) for name in names.split("=")}
