"""One question for vectors over an endpoint that is ready to send."""

from __future__ import annotations

from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingDialect, EmbeddingRequest
from pilothouse.core.errors import PilothouseError, ProviderError

EMBEDDING_DIALECTS = frozenset({"openai_embeddings", "gemini_embeddings"})


def embedding_body(dialect: EmbeddingDialect, request: EmbeddingRequest, model: str) -> bytes:
    """The body for `model`, as its provider calls it. Raises `ProviderError` (caller)."""
    try:
        return dialect.with_model(dialect.write_request(request).body, model)
    except ProviderError:
        raise
    except PilothouseError as error:
        raise ProviderError("caller", str(error), http_status=400) from None


def read_vectors(dialect: EmbeddingDialect, body: bytes, wanted: int) -> EmbeddingAnswer:
    """Raises `ProviderError` (garbage) when these are not as many vectors as there were inputs."""
    answer = dialect.read_answer(body)
    if len(answer.vectors) != wanted:
        raise ProviderError("garbage", f"{len(answer.vectors)} vectors for {wanted} inputs")
    return answer
