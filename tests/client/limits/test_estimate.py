"""What is set aside for an attempt is at least what it will cost."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.client.limits.estimate import Estimate, upper_estimate
from pilothouse.core.answer import Usage
from pilothouse.core.ports import Priced
from pilothouse.core.route import Target

TARGET = Target(name="small", provider="vendor", model="m")


def price_of(target: Target, usage: Usage, at_us: int) -> Priced:
    written = usage.cache_write_tokens - usage.cache_write_1h_tokens
    plain = usage.input_tokens - usage.cache_write_tokens - usage.cached_input_tokens
    micro = (
        plain * 100 + written * 125 + usage.cache_write_1h_tokens * 200 + usage.output_tokens * 500
    )
    return Priced(Decimal(micro).scaleb(-8) + Decimal("0.0000000000001"))


def unpriced(target: Target, usage: Usage, at_us: int) -> Priced:
    return Priced(None, 'not priced: unknown model "m"')


def test_all_input_and_the_most_output_of_every_candidate_is_held_rounded_up() -> None:
    found = upper_estimate(
        price_of,
        TARGET,
        0,
        input_tokens=1000,
        max_output_tokens=100,
        default_output_tokens=4096,
        candidates=2,
    )
    assert found == Estimate(1000, 200, 2_000_000_001)


def test_without_a_maximum_the_default_is_held() -> None:
    found = upper_estimate(
        price_of, TARGET, 0, input_tokens=0, max_output_tokens=None, default_output_tokens=4096
    )
    assert found.output_tokens == 4096


def test_what_is_to_be_kept_in_the_vendors_cache_is_held_at_the_dearest_price() -> None:
    found = upper_estimate(
        price_of,
        TARGET,
        0,
        input_tokens=1000,
        max_output_tokens=0,
        default_output_tokens=1,
        writes_cache=True,
    )
    assert found.pico_usd == 2_000_000_001


def test_a_model_without_a_price_says_so() -> None:
    found = upper_estimate(
        unpriced,
        TARGET,
        0,
        input_tokens=1,
        max_output_tokens=1,
        default_output_tokens=1,
        unpriced_pico_usd=7,
    )
    assert found == Estimate(1, 1, 7, 'not priced: unknown model "m"')
