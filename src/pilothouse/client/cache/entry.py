"""An answer as it is kept, and which answers may be kept at all."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from pilothouse.core.answer import Answer
from pilothouse.core.ports import Reply
from pilothouse.core.request import RefusalPart

WHOLE_REASONS = frozenset({"stop", "stop_sequence", "tool_calls"})
_OVERHEAD_BYTES = 700
"""What Python adds to one entry and its place in the cache; measured on 3.11."""

_answer_in = msgspec.json.Decoder(Answer)
_answer_out = msgspec.json.Encoder().encode


class Entry(Struct, frozen=True, kw_only=True):
    """One answer with where it came from. `body` is the provider's own when the answer came whole."""

    answer_json: bytes
    logprobs: tuple[bytes, ...] = ()
    """Each candidate's, as JSON text; empty = none has any."""
    body: bytes = b""
    dialect: str = ""
    """Of `body`."""
    lost: tuple[str, ...] = ()
    target: str
    provider: str
    model: str
    at_us: int
    """When it was answered."""
    cost_usd: Decimal | None = None
    """What it cost then; None = not priced."""

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        own = len(self.answer_json) + len(self.body) + sum([len(x) for x in self.logprobs])
        return own + _OVERHEAD_BYTES

    @property
    def answer(self) -> Answer:
        """In our nouns, read when asked for."""
        answer = _answer_in.decode(self.answer_json)
        if not self.logprobs:
            return answer
        return replace(
            answer,
            candidates=tuple(
                replace(candidate, logprobs=Raw(text) if text else None)
                for candidate, text in zip(answer.candidates, self.logprobs, strict=True)
            ),
        )

    def age_s(self, now_us: int) -> float:
        """Seconds since it was answered, never negative."""
        return max(0, now_us - self.at_us) / 1e6


def with_answer(entry: Entry, answer: Answer) -> Entry:
    """The same entry with other words, for one caller: no longer the provider's bytes."""
    return replace(entry, answer_json=_answer_out(answer), logprobs=(), body=b"", dialect="")


def why_not_kept(answer: Answer) -> str | None:
    """Why this is no answer to give again; None when it is one."""
    for candidate in answer.candidates:
        if candidate.finish_reason not in WHOLE_REASONS:
            return f"it ended with {candidate.finish_reason or 'no word of why'}"
        if any(isinstance(part, RefusalPart) for part in candidate.parts):
            return "it is a refusal"
        if not candidate.parts:
            return "it says nothing"
    return None if answer.candidates else "it says nothing"


def entry_of(
    reply: Reply,
    *,
    target: str,
    provider: str,
    model: str,
    at_us: int,
    cost_usd: Decimal | None,
) -> Entry:
    """`reply` as it is kept. An empty `reply.body` = it came as a stream."""
    answer = reply.answer
    logprobs: tuple[bytes, ...] = ()
    if any(candidate.logprobs is not None for candidate in answer.candidates):
        logprobs = tuple(bytes(candidate.logprobs or b"") for candidate in answer.candidates)
        bare = tuple(replace(candidate, logprobs=None) for candidate in answer.candidates)
        answer = replace(answer, candidates=bare)
    return Entry(
        answer_json=_answer_out(answer),
        logprobs=logprobs,
        body=bytes(reply.body),
        dialect=reply.dialect if reply.body else "",
        lost=reply.lost,
        target=target,
        provider=provider,
        model=model,
        at_us=at_us,
        cost_usd=cost_usd,
    )
