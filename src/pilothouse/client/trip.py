"""One request from its first attempt to the one that decides: what is asked, of whom, and how each attempt is
made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from pilothouse.client.attempt import Asked, Attempt
from pilothouse.client.hedge import LOST
from pilothouse.client.live import LiveStream
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import Embedder, Provider, Reply, Vectors
from pilothouse.core.route import Route, RouteSpec

T = TypeVar("T")


class Trip(Struct, Generic[T], frozen=True):
    """Stays as it is; `way.Way` says how far it has come."""

    ask: Ask | EmbeddingAsk
    route: Route
    spec: RouteSpec
    asked: Asked
    request_id: str
    calls: list[Call]
    """Its attempts' rows, as they end."""
    once: Callable[[Provider, Attempt], Awaitable[T]]
    spare: Callable[[T, Attempt], None]
    """Takes an answer that came in the same moment as the one that counts."""
    is_stream: bool = False


def to_whole(
    ask: Ask, route: Route, spec: RouteSpec, asked: Asked, request_id: str, calls: list[Call]
) -> Trip[Reply]:
    """For an answer that comes whole."""

    async def once(provider: Provider, attempt: Attempt) -> Reply:
        assert attempt.key is not None
        return await provider.complete(attempt.target, ask, attempt.key, spec.timeouts)

    def spare(reply: Reply, attempt: Attempt) -> None:
        calls.append(attempt.answered(reply.answer))

    return Trip(ask, route, spec, asked, request_id, calls, once, spare)


def to_stream(
    ask: Ask, route: Route, spec: RouteSpec, asked: Asked, request_id: str, calls: list[Call]
) -> Trip[LiveStream]:
    """For a stream, whose attempts are over when something of the answer has come."""

    async def once(provider: Provider, attempt: Attempt) -> LiveStream:
        assert attempt.key is not None
        source = await provider.stream(attempt.target, ask, attempt.key, spec.timeouts)
        live = LiveStream(source, attempt, calls, ask.size)
        try:
            await live.commit(spec.timeouts.min_chars_per_s)
        except BaseException:
            live.abandon()
            raise
        return live

    def spare(live: LiveStream, attempt: Attempt) -> None:
        live.close(LOST)

    return Trip(ask, route, spec, asked, request_id, calls, once, spare, is_stream=True)


def to_vectors(
    ask: EmbeddingAsk,
    route: Route,
    spec: RouteSpec,
    asked: Asked,
    request_id: str,
    calls: list[Call],
) -> Trip[Vectors]:
    """For embeddings."""

    async def once(provider: Provider, attempt: Attempt) -> Vectors:
        assert attempt.key is not None
        if not isinstance(provider, Embedder):
            raise ProviderError(
                "caller", f"{attempt.target.provider} makes no embeddings", http_status=400
            )
        return await provider.embed(attempt.target, ask, attempt.key, spec.timeouts)

    def spare(vectors: Vectors, attempt: Attempt) -> None:
        attempt.usage = vectors.usage
        calls.append(attempt.answered())

    return Trip(ask, route, spec, asked, request_id, calls, once, spare)
