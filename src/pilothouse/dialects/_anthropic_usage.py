"""Anthropic's counts of tokens: input, cache reads and cache writes are disjoint on the wire, and parts
of one whole here. Added up when read, split again when written.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pilothouse.core.answer import Usage


class CacheCreation(Struct, frozen=True):
    """Written to the cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputDetails(Struct, frozen=True):
    """Parts of the output."""

    thinking_tokens: int = 0


class UsageWire(Struct, frozen=True, omit_defaults=True):
    """`usage` of a message, of `message_start` and of `message_delta` (where counts are cumulative and
    those that did not change may be absent).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputDetails | None = None

    def over(self, earlier: UsageWire) -> UsageWire:
        """These counts, and the earlier ones where this says nothing."""
        mine = {name: getattr(self, name) for name in self.__struct_fields__}
        said = {name: value for name, value in mine.items() if value is not None}
        return msgspec.structs.replace(earlier, **said)

    def read(self) -> Usage:
        """In our terms: the input counts what was cached and written too."""
        by_ttl = self.cache_creation
        written = self.cache_creation_input_tokens or 0
        if by_ttl is not None:
            each = by_ttl.ephemeral_5m_input_tokens + by_ttl.ephemeral_1h_input_tokens
            written = max(written, each)
        cached = self.cache_read_input_tokens or 0
        details = self.output_tokens_details
        return Usage(
            input_tokens=(self.input_tokens or 0) + cached + written,
            output_tokens=self.output_tokens or 0,
            cached_input_tokens=cached,
            cache_write_tokens=written,
            cache_write_1h_tokens=by_ttl.ephemeral_1h_input_tokens if by_ttl else 0,
            reasoning_tokens=details.thinking_tokens if details else 0,
        )


def write_usage(usage: Usage) -> UsageWire:
    """In Anthropic's terms. Audio has no word there and stays inside its whole."""
    written, long = usage.cache_write_tokens, usage.cache_write_1h_tokens
    cached = usage.cached_input_tokens
    thought = usage.reasoning_tokens
    return UsageWire(
        input_tokens=max(0, usage.input_tokens - cached - written),
        output_tokens=usage.output_tokens,
        cache_creation_input_tokens=written,
        cache_read_input_tokens=cached,
        cache_creation=CacheCreation(written - long, long) if written else None,
        output_tokens_details=OutputDetails(thought) if thought else None,
    )
