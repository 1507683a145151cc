from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.bill import Bill, bill
from pilothouse.catalog.catalog import Catalog, CatalogFile, load_bundled
from pilothouse.catalog.quantities import Quantities, used
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Claim, Model, Source

DAY = date(2026, 1, 1)


def billed(
    prices: dict[str, str], exchange: dict[str, Decimal] | None = None, **more: object
) -> Bill:
    claims = tuple(Claim(field=f, value=v, source="litellm", key="m") for f, v in prices.items())
    source = Source(name="litellm", version="1", licence="MIT", observed_on=DAY)
    model = Model(id="m", claims=claims)
    catalog = Catalog(CatalogFile(version="t", sources={"litellm": source}, models=(model,)))
    service, region = more.pop("service", None), more.pop("region", None)
    return bill(
        catalog, model, Quantities(**more), DAY, service=service, region=region, exchange=exchange  # type: ignore[arg-type]
    )  # fmt: skip


BOTH = {"price_input_per_mtok": "2", "price_output_per_mtok": "8"}


def test_a_tier_prices_the_whole_request_unless_it_is_marginal() -> None:
    tiered = {**BOTH, "price_input_per_mtok>1000": "4"}
    assert billed(tiered, input_tokens=1000).total_usd == Decimal("0.002")
    assert billed(tiered, input_tokens=2000).total_usd == Decimal("0.008")
    marginal = billed({**tiered, "price_tier_rule": "marginal"}, input_tokens=2000)
    assert [line.amount_usd for line in marginal.lines] == [Decimal("0.002"), Decimal("0.004")]


def test_a_region_has_its_own_prices_or_none() -> None:
    prices = {**BOTH, "price_input_per_mtok@region=eu": "2.2"}
    assert billed(prices, region="eu", input_tokens=10**6).total_usd == Decimal("2.2")
    refused = billed(prices, region="eu", input_tokens=10, output_tokens=10).refused
    assert refused == (
        "output as region eu: nobody says what text written costs for m on 2026-01-01"
        " (regions with a price: eu)",
    )


def test_a_service_in_a_region_is_refused_and_not_priced_as_the_region_alone() -> None:
    prices = {**BOTH, "price_input_per_mtok@batch": "1", "price_input_per_mtok@region=eu": "2.2"}
    found = billed(prices, service="batch", region="eu", input_tokens=10**6)
    assert found.total_usd is None
    assert found.refused[0].startswith("batch in region eu: ")


def test_thinking_is_output_unless_it_has_a_price() -> None:
    plain = billed(BOTH, output_tokens=100, reasoning_tokens=60)
    assert plain.total_usd == Decimal("0.0008")
    assert plain.lines[1].note == "priced as output"
    own = billed({**BOTH, "price_reasoning_per_mtok": "3"}, output_tokens=100, reasoning_tokens=60)
    assert own.total_usd == Decimal("0.0005")


def test_units_beside_tokens_are_added() -> None:
    prices = {
        **BOTH,
        "price_request_per_request": "0.012",
        "price_web_search_per_call": "0.01",
        "price_image_made_per_image": "0.04",
        "price_page_per_page": "0.001",
        "price_characters_input_per_mchar": "15",
        "price_audio_heard_per_second": "0.0001",
    }
    found = billed(
        prices,
        web_searches=2,
        images_made=1,
        pages=3,
        characters_input=1000,
        audio_heard_s=Decimal("2.5"),
    )
    assert found.total_usd == Decimal("0.012") + Decimal("0.02") + Decimal("0.04") + Decimal(
        "0.003"
    ) + Decimal("0.015") + Decimal("0.00025")


def test_another_currency_needs_an_exchange_rate() -> None:
    prices = {**BOTH, "price_currency": "CNY"}
    assert billed(prices, input_tokens=1).refused[0].startswith("currency: prices are in CNY")
    paid = billed(prices, exchange={"CNY": Decimal("0.14")}, input_tokens=10**6)
    assert paid.total_usd == Decimal("0.28")


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"input_tokens": -1}, "input_tokens: -1 is not an amount"),
        ({"audio_heard_s": Decimal("NaN")}, "audio_heard_s: NaN is not an amount"),
        ({"input_tokens": 10**13}, "in one call"),
        ({"input_tokens": 5, "cached_input_tokens": 6}, "is less than its cached"),
        ({"output_tokens": 5, "reasoning_tokens": 6}, "is less than its thinking"),
        (
            {"input_tokens": 9, "audio_input_tokens": 1, "audio_cached_input_tokens": 2},
            "is part of audio_input_tokens",
        ),
    ],
)
def test_amounts_that_cannot_be_are_refused(amounts: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        billed(BOTH, **amounts)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_every_token_is_billed_once(text: int, cached: int, written: int, heard: int) -> None:
    quantities = Quantities(
        input_tokens=text + cached + written + heard,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        audio_input_tokens=heard,
    )
    assert sum(used(quantities).values()) == quantities.input_tokens


def test_a_day_before_the_models_release_is_refused_and_says_since_when() -> None:
    catalog = load_bundled()
    found = bill(catalog, catalog.find("gpt-4o"), Quantities(input_tokens=10), date(2020, 1, 1))
    assert found.total_usd is None
    said = "date: gpt-4o could not be had on 2020-01-01: released 2024-05-13"
    assert found.refused == (said,)


def test_a_prompt_that_does_not_fit_and_a_model_that_ended_are_noted_beside_the_price() -> None:
    catalog = load_bundled()
    model = catalog.find("claude-sonnet-4-5")
    big = Quantities(input_tokens=300_000)
    assert bill(catalog, model, big, date(2025, 12, 1)).notes == ()
    [note] = bill(catalog, model, big, date(2026, 10, 1)).notes
    assert "300,000 input tokens do not fit: claude-sonnet-4-5 reads 200,000" in note
    opus = catalog.find("claude-3-opus")
    ended = bill(catalog, opus, Quantities(input_tokens=10), date(2026, 10, 1))
    assert ended.notes == ("claude-3-opus was retired on 2026-01-05; use claude-opus-4-1 instead",)


def test_an_image_of_a_retired_image_model_still_has_its_price() -> None:
    catalog = load_bundled()
    found = bill(catalog, catalog.find("dall-e-3"), Quantities(images_made=2), date(2025, 12, 31))
    assert found.total_usd == Decimal("0.08")
