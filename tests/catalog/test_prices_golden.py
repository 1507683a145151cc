"""Bills that other catalogues get wrong or refuse, worked out by hand from vendors' published prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pilothouse.catalog.bill import Bill, bill
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.quantities import Quantities

CATALOG = load_bundled()


def billed(model: str, day: str, service: str | None = None, **amounts: object) -> Bill:
    on = date.fromisoformat(day)
    quantities = Quantities(**amounts)  # type: ignore[arg-type]
    return bill(CATALOG, CATALOG.find(model, on), quantities, on, service=service)


@pytest.mark.parametrize(
    ("model", "day", "service", "amounts", "usd"),
    [
        (
            "claude-3-5-sonnet-20241022",
            "2025-03-01",
            None,
            {"input_tokens": 100_000, "cached_input_tokens": 80_000, "output_tokens": 1000},
            "0.099",
        ),
        ("gemini-1.5-pro", "2025-03-01", None, {"input_tokens": 300_000, "output_tokens": 1000}, "0.76"),
        ("gemini-2.5-pro", "2026-01-01", None, {"input_tokens": 300_000, "output_tokens": 1000}, "0.765"),
        ("claude-sonnet-4-5", "2025-12-01", None, {"input_tokens": 300_000, "output_tokens": 1000}, "1.8225"),
        ("gpt-4o", "2026-10-20", "batch", {"input_tokens": 10**6, "output_tokens": 10**6}, "6.25"),
        ("o3", "2025-06-09", None, {"input_tokens": 10**6, "output_tokens": 10**6}, "50"),
        ("o3", "2025-06-10", None, {"input_tokens": 10**6, "output_tokens": 10**6}, "10"),
        ("gpt-4o", "2024-06-01", None, {"input_tokens": 10**6, "output_tokens": 10**6}, "20"),
        ("gpt-4o", "2024-10-02", None, {"input_tokens": 10**6, "output_tokens": 10**6}, "12.5"),
        (
            "gpt-4o-audio-preview-2024-12-17",
            "2025-01-15",
            None,
            {
                "input_tokens": 10_000,
                "audio_input_tokens": 10_000,
                "output_tokens": 2000,
                "audio_output_tokens": 1000,
            },
            "0.49",
        ),
        (
            "claude-sonnet-4-5",
            "2026-10-20",
            None,
            {
                "input_tokens": 30_000,
                "cached_input_tokens": 10_000,
                "cache_write_tokens": 10_000,
                "cache_write_1h_tokens": 10_000,
            },
            "0.1005",
        ),
        ("o3", "2026-10-20", "flex", {"input_tokens": 10**6, "output_tokens": 10**6}, "5"),
        ("o3", "2026-10-20", "priority", {"input_tokens": 10**6, "output_tokens": 10**6}, "17.5"),
    ],
)  # fmt: skip
def test_the_bill_is_right_where_others_are_wrong(
    model: str, day: str, service: str | None, amounts: dict[str, object], usd: str
) -> None:
    found = billed(model, day, service, **amounts)
    assert found.refused == ()
    assert found.total_usd == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "service", "amounts", "what"),
    [
        ("gpt-4o", None, {"input_tokens": 10, "audio_input_tokens": 10}, "audio_input"),
        ("gpt-4", None, {"input_tokens": 10, "cached_input_tokens": 5}, "cached_input"),
        ("mixtral-8x7b", "flex", {"input_tokens": 10}, "input as flex"),
        ("gpt-4o", None, {"video_made_s": Decimal(3)}, "video_made"),
    ],
)
def test_what_nobody_prices_is_refused_by_name(
    model: str, service: str | None, amounts: dict[str, object], what: str
) -> None:
    found = billed(model, "2025-06-01", service, **amounts)
    assert found.total_usd is None
    assert [reason.partition(":")[0] for reason in found.refused] == [what]


def test_a_region_is_priced_where_its_factor_is_known_and_refused_elsewhere() -> None:
    on, million = date(2026, 10, 20), Quantities(input_tokens=10**6, output_tokens=10**6)
    known, unknown = CATALOG.find("gpt-5.4-mini"), CATALOG.find("gpt-4o")
    plain = bill(CATALOG, known, million, on).total_usd
    there = bill(CATALOG, known, million, on, region="eu").total_usd
    assert plain is not None and there == plain * Decimal("1.1")
    assert bill(CATALOG, unknown, million, on, region="eu").total_usd is None
    refused = bill(CATALOG, known, million, on, region="moon").refused
    assert refused[0].startswith("input as region moon") and "price: eu, us" in refused[0]
