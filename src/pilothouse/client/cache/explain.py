"""What one request is to the cache, in words: the parts of its key, and whether its answer would be kept."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from pilothouse.client.cache.answers import why_passed
from pilothouse.client.cache.question import NOT_THE_QUESTION, Questions
from pilothouse.client.cache.semantic.details import Details, details
from pilothouse.client.cache.semantic.nearby import last_turn
from pilothouse.core.ask import Ask
from pilothouse.core.prompt_prefix import conversation_key
from pilothouse.core.route_settings import CacheSettings

_raw_object = msgspec.json.Decoder(dict[str, Raw])


class Explained(Struct, frozen=True, kw_only=True):
    """One request, without who asks it and where."""

    would_be_kept: bool
    why: str
    question: str
    """The digest, in hexadecimal."""
    in_the_key: tuple[str, ...]
    left_out: tuple[str, ...]
    same_in_every_dialect: bool
    is_deterministic: bool
    conversation: str | None
    """What `sticky: conversation` may go by."""
    last_turn_chars: int | None
    """Of the text that a semantic cache compares; None = it compares nothing here."""
    details: Details | None
    """What must be equal for two questions to be near."""


def explained(ask: Ask, settings: CacheSettings, body: bytes) -> Explained:
    """`settings`: the route's; without a `ttl_s` they are taken as switched on. Raises `BadRequest`."""
    question = Questions().of(ask)
    why = why_passed(ask, question, settings)
    fields = _raw_object.decode(body)
    text = last_turn(ask.request) if question.is_whole else None
    return Explained(
        would_be_kept=why is None,
        why=why or "an answer that is whole and no refusal would be kept",
        question=question.digest.hex(),
        in_the_key=tuple(sorted(fields.keys() - NOT_THE_QUESTION)),
        left_out=tuple(sorted(fields.keys() & NOT_THE_QUESTION)),
        same_in_every_dialect=question.is_whole,
        is_deterministic=question.is_deterministic,
        conversation=conversation_key(ask.request),
        last_turn_chars=None if text is None else len(text),
        details=None if text is None else details(text),
    )
