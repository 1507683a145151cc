"""The target on which this request is expected to cost least.

Expected: its estimated input tokens, and the most output it allows or else what the route says an answer has.
Both are guesses; which target is cheapest depends on little but their ratio. Tokens are counted alike for all.
"""

from __future__ import annotations

from decimal import Decimal

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec

_UNKNOWN_INPUT = 500
"""Input tokens when nobody has counted."""


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """By price; equal prices in the configured order; what has no price comes last, never as free."""
    tokens_in = _UNKNOWN_INPUT if facts.input_tokens is None else facts.input_tokens
    tokens_out = spec.expected_output_tokens
    if facts.max_output_tokens is not None:
        tokens_out = min(tokens_out, facts.max_output_tokens)
    costs = [(live.cost_of(t, tokens_in, tokens_out), t) for t in spec.targets]
    priced = sorted(((c, t) for c, t in costs if c is not None), key=lambda pair: pair[0])
    unpriced = [t for c, t in costs if c is None]
    told = [
        *[f"{t.name} {_usd(c)}" for c, t in priced],
        *[f"{t.name} not priced" for t in unpriced],
    ]
    return Route(
        name=spec.name,
        targets=(*[t for _, t in priced], *unpriced),
        why=f"USD for about {tokens_in} tokens in and {tokens_out} out: {', '.join(told)}",
    )


def _usd(cost: Decimal) -> str:
    return f"{cost:.6f}"
