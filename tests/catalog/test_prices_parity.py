"""Against genai-prices 0.2.3, recorded by tools/record_genai_prices.py: text calls of first-party models.

Where both name a price they agree to the last digit, but for three reasons, each checked here. Where we
refuse, it is because nobody prices that dimension: genai-prices asks the plain input price instead.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.bill import Bill, bill
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.quantities import Quantities
from pilothouse.catalog.standing import standing
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Model

RECORDED = Path(__file__).parents[1] / "known_answers" / "prices_genai.json"
CATALOG = load_bundled()


def found(name: str, day: date) -> Model | None:
    try:
        return CATALOG.find(name, day)
    except NotFound:
        return None


def billed(case: dict[str, object]) -> Bill | None:
    day = date.fromisoformat(str(case["day"]))
    model = found(str(case["model"]), day) or found(f"{case['provider']}/{case['model']}", day)
    if model is None:
        return None
    quantities = Quantities(
        input_tokens=int(str(case["input_tokens"])),
        output_tokens=int(str(case["output_tokens"])),
        cached_input_tokens=int(str(case.get("cache_read_tokens", 0))),
        cache_write_tokens=int(str(case.get("cache_write_tokens", 0))),
    )
    released = standing(CATALOG, model, day).released_on
    return bill(
        CATALOG, model, quantities, max(day, released or day)
    )  # it prices years before release


def reason(case: dict[str, object], found: Bill) -> str:
    """Why the two may differ; empty when they may not."""
    if any(line.note == "at its dearest time of day" for line in found.lines):
        return "time of day: we plan with the dearest, it was asked for noon"
    if any(line.source != "genai-prices" for line in found.lines):
        return "another list names a price that it does not have"
    if case["provider"] == "google" and str(case["model"]).startswith("claude"):
        return "Vertex AI's price of a Claude model"
    if "1.5" in str(case["model"]) and len(found.lines) > 2:
        return "its other entry for the same model names the cached price"
    if str(case["model"]).endswith("-latest"):
        return "a moving name, on the day"
    return ""


def test_prices_agree_to_the_last_digit() -> None:
    cases = json.loads(RECORDED.read_text())["cases"]
    counts: Counter[str] = Counter()
    for case in cases:
        found = billed(case)
        if found is None:
            counts["free preview or unknown"] += 1
        elif found.total_usd is None:
            assert found.refused
            counts["refused"] += 1
        elif abs(found.total_usd - Decimal(case["usd"])) < Decimal("1e-15"):
            counts["same"] += 1
        else:
            why = reason(case, found)
            assert why, (case, found)
            counts[why] += 1
    unknown = counts["free preview or unknown"]
    assert unknown <= 48  # 40 previews, and two moving names asked for before they existed
    assert counts["same"] > 0.97 * (len(cases) - counts["refused"] - unknown)


def test_what_is_refused_is_a_dimension_without_a_price() -> None:
    for case in json.loads(RECORDED.read_text())["cases"]:
        found = billed(case)
        if found is None or not found.refused:
            continue
        dimensions = {r.partition(":")[0] for r in found.refused}
        assert dimensions <= {"cached_input", "cache_write", "output", "input"}, (case, dimensions)
