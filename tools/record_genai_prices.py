"""Records what genai-prices asks for text calls, for tests/catalog/test_prices_parity.py.

pip install genai-prices==0.2.3 && python tools/record_genai_prices.py > tests/known_answers/prices_genai.json
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from genai_prices import Usage, calc_price
from genai_prices.data import providers

PROVIDERS = ("openai", "anthropic", "google", "mistral", "x-ai", "deepseek", "cohere")
SHAPES = (
    {"input_tokens": 1000, "output_tokens": 500},
    {"input_tokens": 300_000, "output_tokens": 1000},
    {"input_tokens": 10_000, "output_tokens": 100, "cache_read_tokens": 8000},
    {"input_tokens": 10_000, "output_tokens": 100, "cache_write_tokens": 4000},
)
DAYS = ("2025-01-15", "2026-10-20")


def main() -> None:
    """Every text model of the first-party providers, in four shapes on two days."""
    out: list[dict[str, Any]] = []
    for provider in providers:
        if provider.id not in PROVIDERS:
            continue
        for model in provider.models:
            for shape in SHAPES:
                for day in DAYS:
                    row = _row(provider.id, model.id, shape, day)
                    if row:
                        out.append(row)
    print(json.dumps({"genai-prices": "0.2.3", "cases": out}, separators=(",", ":")))


def _row(provider: str, model: str, shape: dict[str, int], day: str) -> dict[str, Any] | None:
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    try:
        found = calc_price(
            Usage(**shape), model_ref=model, provider_id=provider, genai_request_timestamp=at
        )
    except (LookupError, ValueError):
        return None
    return {
        "provider": provider,
        "model": model,
        "day": day,
        **shape,
        "usd": str(found.total_price),
    }


if __name__ == "__main__":
    main()
