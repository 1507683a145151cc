"""Answers from a recording: real answers of real models, without a key or a network.

Behaves as a provider does. Times are the recorded ones or None; tokens that were not recorded are
estimated and marked so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import ClassVar

import msgspec

from pilothouse import recordings
from pilothouse.catalog.tokens import estimate_tokens
from pilothouse.core.answer import Answer, Begin, End, Event, Finish, TextDelta, Usage, Used
from pilothouse.core.ask import Ask
from pilothouse.core.dialect import StreamWriter
from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, Piece, Reply
from pilothouse.core.request import Request
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts
from pilothouse.core.secret import Secret
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.providers._config import ProviderConfig
from pilothouse.recordings import Recorded


class Replay:
    """Implements `Provider` over the recording `source` (`builtin:gsm8k` or a file)."""

    needs: ClassVar[tuple[str, ...]] = ("recording",)
    is_timed = False

    def __init__(self, source: str) -> None:
        self.keys = KeyPool(1)
        self._source = source

    @classmethod
    def from_config(cls, name: str, config: ProviderConfig, keys: Sequence[Secret]) -> Replay:
        """From a row of `providers:`."""
        return cls(config.recording or "")

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        """Nothing: it only looks for the question."""
        return ()

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> Reply:
        """The recorded answer to the request's last user message."""
        request = ask.request
        answer = self._answer(target, request)
        whole = dialect.write_answer(
            answer, model=target.model, id=_id(target, request), created_s=0
        )
        return Reply(whole, answer, dialect.name)

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> AnswerStream:
        """The same answer, a word at a time."""
        request = ask.request
        answer = self._answer(target, request)
        writer = dialect.writer(
            model=target.model,
            id=_id(target, request),
            created_s=0,
            wants_usage=ask.envelope.wants_usage,
        )
        return _Words(answer, writer)

    async def close(self) -> None:
        """Nothing to give back."""

    @cached_property
    def _by_question(self) -> dict[tuple[str, str], Recorded]:
        return {(r.model, r.prompt): r for r in recordings.answers(self._source)}

    @cached_property
    def _models(self) -> str:
        return ", ".join(sorted({model for model, _ in self._by_question}))

    def _answer(self, target: Target, request: Request) -> Answer:
        question = next((m.text for m in reversed(request.messages) if m.role == "user"), "")
        found = self._by_question.get((target.model, question))
        if found is None:
            message = (
                f"the recording {self._source} holds no answer of {target.model} to this question "
                f"(it has: {self._models})"
            )
            raise ProviderError("caller", message, http_status=404)
        return Answer.of_text(
            found.answer,
            finish_reason="stop",
            usage=_usage(found, request),
            latency_ms=found.latency_ms,
            ttft_ms=found.ttft_ms,
        )


class _Words:
    """Implements `AnswerStream`: the answer a word at a time."""

    dialect = dialect.name
    lost: tuple[str, ...] = ()

    def __init__(self, answer: Answer, writer: StreamWriter) -> None:
        self._pieces = _pieces(answer, writer)

    async def next(self) -> Piece | None:
        """The next word."""
        return next(self._pieces, None)

    def close(self) -> None:
        """Nothing to stop."""


def _pieces(answer: Answer, writer: StreamWriter) -> Iterator[Piece]:
    words = [TextDelta(word) for word in re.findall(r"\s*\S+\s*|^\s+$", answer.text)]
    end: list[Event] = [Finish(answer.finish_reason or "stop")]
    if answer.usage is not None:
        end.append(Used(answer.usage))
    for event in (Begin(), *words, *end, End()):
        yield Piece(writer.write(event), (event,))


def _usage(found: Recorded, request: Request) -> Usage:
    given_in, given_out = found.input_tokens, found.output_tokens
    if given_in is not None and given_out is not None:
        return Usage(input_tokens=given_in, output_tokens=given_out)
    return Usage(
        input_tokens=sum(estimate_tokens(m.text) for m in request.messages),
        output_tokens=estimate_tokens(found.answer),
        is_estimated=True,
    )


def _id(target: Target, request: Request) -> str:
    """The same question gets the same id."""
    asked = target.model.encode() + msgspec.json.encode(request.messages)
    return blake2b(asked, digest_size=8).hexdigest()


plugin = Replay
