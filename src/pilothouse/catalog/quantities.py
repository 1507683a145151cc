"""What one call used, in every dimension that anybody prices."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput

MOST = Decimal(10) ** 12
"""Nobody uses more of anything in one call."""


class Quantities(Struct, frozen=True, kw_only=True):
    """Tokens are counted as vendors report them: parts are inside their whole.

    `input_tokens` includes cached, written, audio, image and video tokens; `output_tokens` includes
    thinking, audio and image tokens. `audio_cached_input_tokens` is part of both `audio_input_tokens`
    and `cached_input_tokens`, as `image_cached_input_tokens` is of its two.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_cached_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_input_tokens: int = 0
    image_cached_input_tokens: int = 0
    image_output_tokens: int = 0
    video_input_tokens: int = 0
    images_made: int = 0
    images_seen: int = 0
    video_made_s: Decimal = Decimal(0)
    video_seen_s: Decimal = Decimal(0)
    audio_heard_s: Decimal = Decimal(0)
    audio_spoken_s: Decimal = Decimal(0)
    characters_input: int = 0
    characters_output: int = 0
    requests: int = 1
    pages: int = 0
    web_searches: int = 0
    file_searches: int = 0
    code_sessions: int = 0
    cache_storage_mtok_hours: Decimal = Decimal(0)

    @property
    def text_input_tokens(self) -> int:
        """Input that is none of its special parts."""
        special = (
            (self.cached_input_tokens - self.audio_cached_input_tokens)
            + self.cache_write_tokens
            + self.cache_write_1h_tokens
            + self.audio_input_tokens
            + self.image_input_tokens
            + self.video_input_tokens
            - self.image_cached_input_tokens
        )
        return self.input_tokens - special

    @property
    def text_output_tokens(self) -> int:
        """Output that is none of its special parts."""
        special = self.reasoning_tokens + self.audio_output_tokens + self.image_output_tokens
        return self.output_tokens - special


def checked(quantities: Quantities) -> Quantities:
    """The same. Raises `InvalidInput` for less than nothing, the absurd, and parts above their whole."""
    for name in quantities.__struct_fields__:
        value = Decimal(getattr(quantities, name))
        if not value.is_finite() or value < 0:
            raise InvalidInput(f"{name}: {value} is not an amount")
        if value > MOST:
            raise InvalidInput(f"{name}: {value:,} in one call? Amounts are of one call.")
    for part, whole in (
        ("audio_cached_input_tokens", "audio_input_tokens"),
        ("audio_cached_input_tokens", "cached_input_tokens"),
        ("image_cached_input_tokens", "image_input_tokens"),
        ("image_cached_input_tokens", "cached_input_tokens"),
    ):
        if getattr(quantities, part) > getattr(quantities, whole):
            raise InvalidInput(f"{part} is part of {whole}, and is more than it")
    if quantities.text_input_tokens < 0:
        raise InvalidInput(
            f"input_tokens: {quantities.input_tokens:,} is less than its cached, written, audio, "
            "image and video parts together"
        )
    if quantities.text_output_tokens < 0:
        raise InvalidInput(
            f"output_tokens: {quantities.output_tokens:,} is less than its thinking, audio and "
            "image parts together"
        )
    return quantities


def used(quantities: Quantities) -> dict[str, Decimal]:
    """What is priced (a key of `fields.PRICES`) to how much of it; only what is not zero."""
    q = quantities
    cached_text = q.cached_input_tokens - q.audio_cached_input_tokens - q.image_cached_input_tokens
    amounts: dict[str, int | Decimal] = {
        "input": q.text_input_tokens,
        "cached_input": cached_text,
        "cache_write": q.cache_write_tokens,
        "cache_write_1h": q.cache_write_1h_tokens,
        "audio_input": q.audio_input_tokens - q.audio_cached_input_tokens,
        "audio_cached_input": q.audio_cached_input_tokens,
        "image_input": q.image_input_tokens - q.image_cached_input_tokens,
        "image_cached_input": q.image_cached_input_tokens,
        "video_input": q.video_input_tokens,
        "output": q.text_output_tokens,
        "reasoning": q.reasoning_tokens,
        "audio_output": q.audio_output_tokens,
        "image_output": q.image_output_tokens,
        "image_made": q.images_made,
        "image_seen": q.images_seen,
        "video_made": q.video_made_s,
        "video_seen": q.video_seen_s,
        "audio_heard": q.audio_heard_s,
        "audio_spoken": q.audio_spoken_s,
        "characters_input": q.characters_input,
        "characters_output": q.characters_output,
        "page": q.pages,
        "web_search": q.web_searches,
        "file_search": q.file_searches,
        "code_session": q.code_sessions,
        "cache_storage": q.cache_storage_mtok_hours,
    }
    return {what: Decimal(amount) for what, amount in amounts.items() if amount}


def quantities_of(
    input_tokens: int, output_tokens: int, cached_input_tokens: int = 0
) -> Quantities:
    """Of a call that used text only."""
    return msgspec.structs.replace(
        Quantities(),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached_input_tokens,
    )
