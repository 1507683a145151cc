"""The most an attempt may cost, to be set aside before it: the price of its input and all of its output."""

from __future__ import annotations

from msgspec import Struct, structs

from pilothouse.core.answer import Usage
from pilothouse.core.pico import pico_usd_up
from pilothouse.core.ports import PriceOf
from pilothouse.core.route import Target

_BYTES_A_TOKEN = 3
_KNOWN_US = 60_000_000
"""A price that changes today is known a minute later."""
_MOST_KNOWN = 4096
_EXACT_BITS = 5


def input_estimate(size: int) -> int:
    """Tokens of a body of so many bytes, a little on the safe side: four bytes a token is usual for English
    prose alone."""
    return size // _BYTES_A_TOKEN + 1


class Estimate(Struct, frozen=True):
    """Tokens and money to hold. `note` says why there is no price; then `pico_usd` is what is held anyway."""

    input_tokens: int
    output_tokens: int
    pico_usd: int
    note: str | None = None


def upper_estimate(
    price_of: PriceOf,
    target: Target,
    at_us: int,
    *,
    input_tokens: int,
    max_output_tokens: int | None,
    default_output_tokens: int,
    candidates: int = 1,
    unpriced_pico_usd: int = 0,
    writes_cache: bool = False,
) -> Estimate:
    """Nothing is counted as cached: what the cache saves is given back at settlement. `writes_cache`: the
    caller marks something to be kept, and writing may cost more than reading; the dearest way is held.

    Without a maximum of the caller's, `default_output_tokens` are held. A model without a price holds
    `unpriced_pico_usd` and says so in `note`; whether that is good enough for a budget is the caller's rule.
    """
    output = (
        default_output_tokens if max_output_tokens is None else max_output_tokens
    ) * candidates
    usage = Usage(input_tokens=input_tokens, output_tokens=output)
    priced = price_of(target, usage, at_us)
    cost_usd = priced.cost_usd
    if cost_usd is None:
        return Estimate(input_tokens, output, unpriced_pico_usd, priced.note or "not priced")
    if writes_cache:
        for long_lived in (0, input_tokens):
            kept = structs.replace(
                usage, cache_write_tokens=input_tokens, cache_write_1h_tokens=long_lived
            )
            cost_usd = max(cost_usd, price_of(target, kept, at_us).cost_usd or cost_usd)
    return Estimate(input_tokens, output, pico_usd_up(cost_usd))


class UpperEstimates:
    """`upper_estimate` of input and output, remembered: what it says changes with the day, not the request.

    Input is rounded up by at most a sixteenth, so that questions of about a size share one estimate.
    """

    def __init__(self, price_of: PriceOf) -> None:
        self._price_of = price_of
        self._known: dict[tuple[str, int, int], Estimate] = {}
        self._until_us = 0

    def of(self, target: Target, at_us: int, *, input_tokens: int, output_tokens: int) -> Estimate:
        """As `upper_estimate` says it, or a little more."""
        if at_us >= self._until_us or len(self._known) > _MOST_KNOWN:
            self._known.clear()
            self._until_us = at_us + _KNOWN_US
        unit = 1 << max(input_tokens.bit_length() - _EXACT_BITS, 0)
        rounded = -(-input_tokens // unit) * unit
        key = (target.name, rounded, output_tokens)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = upper_estimate(
                self._price_of,
                target,
                at_us,
                input_tokens=rounded,
                max_output_tokens=output_tokens,
                default_output_tokens=output_tokens,
            )
        return found
