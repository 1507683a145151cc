"""How many tokens a text or a request has for a model: exact where the vocabulary is known, else an interval.

Exact: OpenAI's models, offline, with the bundled vocabularies. Estimate: every other vendor, with an interval that
covered the vendor's returned usage in at least 95 of 100 recorded answers held out (docs/tokens.md). No vendor's
service is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from pilothouse.catalog.openai_tokens import (
    chat_tokens,
    is_reasoning,
    unpublished_range,
    vocabulary_of,
)
from pilothouse.catalog.text_shape import shape
from pilothouse.catalog.token_families import family_of
from pilothouse.catalog.vocabulary import encoding
from pilothouse.core.request import Message


class TokenCount(Struct, frozen=True, kw_only=True):
    """`low <= tokens <= high`; all three are equal when `method` is exact. `basis`: why, in words."""

    tokens: int
    low: int
    high: int
    method: Literal["exact", "estimate"]
    basis: str


def exact(tokens: int, basis: str) -> TokenCount:
    """A count that is known."""
    return TokenCount(tokens=tokens, low=tokens, high=tokens, method="exact", basis=basis)


def estimated(tokens: int, low: int, high: int, basis: str) -> TokenCount:
    """A count that is known to lie between two ends."""
    return TokenCount(tokens=tokens, low=low, high=high, method="estimate", basis=basis)


def count_text(model: str, text: str) -> TokenCount:
    """Tokens of one text, as the model writes it or reads it, without what a request adds around it.

    Any id of a model is answered: an unknown one with a wide interval and a basis that says so.
    """
    vocabulary = vocabulary_of(model)
    if vocabulary is not None:
        return exact(encoding(vocabulary).count(text), f"{vocabulary}, the vocabulary of {model}")
    family = family_of(model)
    return estimated(*family.estimate(shape(text)), family.basis)


def count_chat(
    model: str, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()
) -> TokenCount:
    """Input tokens of a request: its messages, what the model's format adds, and its tools.

    `tools` are definitions as the vendor takes them (a JSON schema each); nobody publishes how they are rendered, so
    with tools the count is an estimate for every vendor.
    """
    vocabulary = vocabulary_of(model)
    if vocabulary is None:
        count = _estimated_chat(model, messages)
    else:
        tokens = chat_tokens(vocabulary, messages, reasons=is_reasoning(model))
        added = unpublished_range(model)
        if added is None:
            count = exact(tokens, f"{vocabulary} and OpenAI's published chat format")
        else:
            low, middle, high = added
            basis = f"{vocabulary} and the chat format as recorded, which is not published"
            more = 2 * len(messages)
            count = estimated(tokens + middle, max(0, tokens + low), tokens + high + more, basis)
    return total([count, _tools(model, tools)]) if tools else count


def total(counts: Iterable[TokenCount]) -> TokenCount:
    """The sum of parts of one request; the ends add up, so the interval is wider than it need be."""
    parts = list(counts)
    is_exact = all(part.method == "exact" for part in parts)
    return TokenCount(
        tokens=sum(part.tokens for part in parts),
        low=sum(part.low for part in parts),
        high=sum(part.high for part in parts),
        method="exact" if is_exact else "estimate",
        basis="; ".join(dict.fromkeys(part.basis for part in parts)) or "nothing to count",
    )


def _estimated_chat(model: str, messages: Sequence[Message]) -> TokenCount:
    family = family_of(model)
    texts = total(count_text(model, m.text) for m in messages)
    low, middle, high = family.request_tokens
    more = max(0, len(messages) - 1)
    return estimated(
        texts.tokens + middle + 4 * more,
        texts.low + low,
        texts.high + high + 8 * more,
        f"{family.basis}; the request's own {low} to {high} tokens as recorded",
    )


def _tools(model: str, tools: Sequence[Mapping[str, Any]]) -> TokenCount:
    """From half of the JSON to its whole and 350 more (Anthropic's system prompt for tools)."""
    text = json.dumps(list(tools), ensure_ascii=False, separators=(",", ":"))
    plain = count_text(model, text)
    return estimated(
        plain.tokens,
        plain.low // 2,
        plain.high + 350 + 20 * len(tools),
        "tools: as their JSON, since no vendor publishes how it renders them",
    )
