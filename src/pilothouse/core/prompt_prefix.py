"""What of a conversation stays the same from turn to turn, and what it is worth to ask the same target again.

Vendors keep the prompt's beginning for some minutes and charge less for it (OpenAI, DeepSeek and Gemini by
themselves from about 1,024 tokens on, Anthropic and Bedrock where the caller marks it). Their caches are each
target's own, so a conversation that moves between targets pays the full price at each.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from pilothouse.core.answer import Usage
from pilothouse.core.ports import PriceOf
from pilothouse.core.request import Request
from pilothouse.core.route import Target

_encode = msgspec.json.Encoder().encode


class PrefixSaving(Struct, frozen=True, kw_only=True):
    """USD of input for one conversation, each turn's prefix being all that came before."""

    moving_usd: Decimal
    """Turns go to targets by chance."""
    sticky_usd: Decimal
    """All go to one."""

    @property
    def saved_usd(self) -> Decimal:
        """Never negative where cached input is not dearer."""
        return self.moving_usd - self.sticky_usd


def conversation_key(request: Request) -> str | None:
    """The same for all turns of a conversation: a hash of its system prompt, tools and first user turn.

    None without a user turn. Two conversations that begin alike share it, which is right: their prefix in the
    vendor's cache is the same one.
    """
    hashed = blake2b(_encode(request.tools), digest_size=12, person=b"prefix")
    for message in request.messages:
        if message.role in ("system", "developer"):
            hashed.update(_encode(message))
        elif message.role == "user":
            hashed.update(_encode(message))
            return hashed.hexdigest()
        else:
            hashed.update(_encode(message))  # an opening line of the assistant
    return None


def prefix_saving(
    target: Target,
    price_of: PriceOf,
    at_us: int,
    *,
    turn_tokens: Sequence[int],
    shares: Sequence[float],
    least_tokens: int = 1024,
) -> PrefixSaving | str:
    """What staying saves at the catalogue's prices, or why nobody can say.

    `turn_tokens`: input tokens of each turn, the history included, so they rise. `shares`: how the route
    spreads turns over targets, adding up to 1; a moving turn finds its prefix when the turn before went to the same target.
    `least_tokens`: shorter prefixes are not kept. All targets are priced as `target`.
    """
    stays = Decimal(str(sum(share * share for share in shares)))
    moving = sticky = Decimal(0)
    before = 0
    for tokens in turn_tokens:
        kept = min(before, tokens) if before >= least_tokens else 0
        full = price_of(target, Usage(input_tokens=tokens, output_tokens=0), at_us)
        less = price_of(
            target, Usage(input_tokens=tokens, output_tokens=0, cached_input_tokens=kept), at_us
        )
        if full.cost_usd is None or less.cost_usd is None:
            return full.note or less.note or "not priced"
        sticky += less.cost_usd
        moving += stays * less.cost_usd + (1 - stays) * full.cost_usd
        before = tokens
    return PrefixSaving(moving_usd=moving, sticky_usd=sticky)
