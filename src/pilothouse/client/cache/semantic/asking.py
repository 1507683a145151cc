"""Asks a configured provider for vectors: recorded, priced and retried like any other call."""

from __future__ import annotations

from pilothouse import registry
from pilothouse.client.caller import Client
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import Retries, Timeouts

ROUTE = "cache.semantic"
"""The route under which these calls are recorded."""
PATIENCE = RouteSpec(
    name=ROUTE,
    policy="fallback",
    targets=(),
    retries=Retries(attempts_per_target=1),
    timeouts=Timeouts(total_s=5.0),
)
"""Nobody waits longer for a vector: without one the question is asked."""


class EmbeddingCaller:
    """An `Embed`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._dialect = registry.plugin("dialects", "openai_embeddings")

    async def __call__(self, target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
        """Raises `ProviderError`."""
        body = self._dialect.write_request(request).body
        ask = EmbeddingAsk(self._dialect, body, self._dialect.read_envelope(body))
        route = Route(name=ROUTE, targets=(target,))
        vectors = await self._client.embed(ask, route, spec=PATIENCE)
        answer = vectors.answer or self._dialect.read_answer(vectors.body)
        if len(answer.vectors) != len(request.inputs):
            raise ProviderError(
                "garbage", f"{len(answer.vectors)} vectors for {len(request.inputs)} inputs"
            )
        return answer
