"""Known answers: vendors' published prices, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.core.answer import Usage
from pilothouse.core.ports import Priced
from pilothouse.core.route import Target

PRICE = price_of(load_bundled())
MILLION = 1_000_000


def priced(model: str, given: int, got: int, cached: int = 0, day: str = "2026-11-24") -> Priced:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    usage = Usage(input_tokens=given, output_tokens=got, cached_input_tokens=cached)
    target = Target(name="t", provider="p", model=model)
    return PRICE(target, usage, int(at.timestamp()) * 1_000_000)


@pytest.mark.parametrize(
    ("model", "given", "got", "cached", "usd"),
    [
        ("gpt-4-1106-preview", MILLION, MILLION, 0, "40"),
        ("gpt-4o-mini", MILLION, MILLION, 0, "0.75"),
        ("gpt-4o", MILLION, MILLION, 0, "12.5"),
        ("gpt-4o-2024-05-13", MILLION, MILLION, 0, "20"),
        ("gpt-4", 1000, 1000, 0, "0.09"),
        ("gpt-3.5-turbo", MILLION, MILLION, 0, "2"),
        ("claude-3-haiku", MILLION, MILLION, 0, "1.5"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", MILLION, MILLION, 0, "1.4"),
        ("claude-3-5-sonnet-20241022", 100_000, 1000, 80_000, "0.099"),
        ("gemini-1.5-pro", 100_000, 1000, 0, "0.13"),
        ("gemini-1.5-pro", 300_000, 1000, 0, "0.76"),
        ("gemini-2.5-pro", 200_000, 1000, 0, "0.26"),
        ("gemini-2.5-pro", 300_000, 1000, 0, "0.765"),
        ("claude-sonnet-4-5", 300_000, 1000, 0, "1.8225"),
    ],
)
def test_the_price_is_exact(model: str, given: int, got: int, cached: int, usd: str) -> None:
    assert priced(model, given, got, cached) == Priced(Decimal(usd))


def test_a_price_cut_holds_from_its_day_on() -> None:
    assert priced("o3", MILLION, MILLION, day="2025-06-09").cost_usd == 50
    assert priced("o3", MILLION, MILLION, day="2025-06-10").cost_usd == 10


def test_a_retired_model_still_prices() -> None:
    assert priced("claude-3-opus", MILLION, 0, day="2024-06-01").cost_usd == 15


def test_an_unknown_model_is_not_priced_rather_than_free() -> None:
    assert priced("no-such-model", 1, 1) == Priced(
        None, 'not priced: the catalogue has no model "no-such-model"'
    )


def test_cached_input_without_a_price_is_not_priced() -> None:
    answer = priced("gpt-4", 100, 10, cached=50)
    assert answer == Priced(None, 'not priced: no price of cached input for "gpt-4"')


def test_a_model_without_prices_is_not_priced() -> None:
    assert priced("bloom", 1, 1).note == 'not priced: nobody says what "bloom" costs'


def test_the_catalogue_id_of_a_target_prices_it() -> None:
    target = Target(name="t", provider="p", model="our-deployment", catalog_model="gpt-4o-mini")
    usage = Usage(input_tokens=MILLION, output_tokens=0)
    assert PRICE(target, usage, 0).cost_usd == Decimal("0.15")


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_prices_add_up_without_drift(given: int, got: int) -> None:
    both = priced("gpt-4o-mini", given, got).cost_usd
    assert both == Decimal("0.15") * given / MILLION + Decimal("0.6") * got / MILLION


def test_a_call_without_output_is_priced_by_its_input_alone() -> None:
    assert priced("text-embedding-3-small", 1000, 0) == Priced(Decimal("0.00002"))
    found = priced("text-embedding-3-small", 1000, 1)
    assert found.cost_usd is None
    assert "no price of output" in str(found.note)
