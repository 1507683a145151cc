"""Asks a configured provider for vectors: one attempt, recorded and priced like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Protocol, runtime_checkable

from pilothouse.client.attempt import Asked, Attempt, Book
from pilothouse.core.answer import Answer
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.core.errors import ProviderError
from pilothouse.core.health import TargetHealth
from pilothouse.core.ports import SAME_LIMITS, Provider
from pilothouse.core.route import Route, Target
from pilothouse.core.route_settings import Timeouts

ROUTE = "cache.semantic"
"""The route under which these calls are recorded."""


@runtime_checkable
class Embeds(Protocol):
    """A provider that embeds."""

    async def embed(
        self,
        target: Target,
        request: EmbeddingRequest,
        key: int = 0,
        limits: Timeouts = SAME_LIMITS,
    ) -> EmbeddingAnswer: ...


class EmbeddingCaller:
    """An `Embed`. Nobody waits longer than `limits` for a vector: without one the question is asked."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        book: Book,
        limits: Timeouts | None = None,
    ) -> None:
        self._providers = providers
        self._book = book
        self._limits = limits or Timeouts(total_s=5.0)
        self._health: dict[str, TargetHealth] = {}

    async def __call__(self, target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
        """Raises `ProviderError`."""
        provider = self._providers[target.provider]
        if not isinstance(provider, Embeds):
            raise ProviderError("caller", f'the provider "{target.provider}" does not embed')
        attempt = Attempt(
            self._book,
            Route(name=ROUTE, targets=(target,)),
            target,
            Asked(),
            self._book.new_id(),
            1,
            self._health.setdefault(target.name, TargetHealth()),
            provider.keys,
            is_stream=False,
            is_timed=provider.is_timed,
        )
        try:
            attempt.key = provider.keys.take(monotonic())
            answer = await provider.embed(target, request, attempt.key, self._limits)
        except ProviderError as error:
            attempt.failed(error)
            raise
        except asyncio.CancelledError:
            attempt.failed(ProviderError("cancelled", "the caller went away"))
            raise
        attempt.answered(Answer(candidates=_NONE, usage=answer.usage, model=answer.model))
        return answer


_NONE = Answer.of_text("", finish_reason=None).candidates
