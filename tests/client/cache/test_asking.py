"""A configured target asked for vectors: recorded and priced like any other call, and never an error."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.client.cache.semantic.asking import EmbeddingCaller
from pilothouse.client.cache.semantic.embedder import TargetEmbedder
from pilothouse.client.caller import Client
from pilothouse.core.answer import Usage
from pilothouse.core.call import Call
from pilothouse.core.embedding import EmbeddingAnswer
from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import Priced, Vectors
from pilothouse.core.route import Target

VECTORS = Target(name="vectors", provider="p", model="text-embedding-x")
BODY = b'{"data": [{"index": 0, "embedding": [3.0, 4.0]}], "usage": {"prompt_tokens": 2}}'
USAGE = Usage(input_tokens=2, output_tokens=0)


class Embeds:
    """A provider that makes vectors, or fails."""

    is_timed = True
    has_embeddings = True

    def __init__(self, given: Vectors | ProviderError) -> None:
        self.keys = KeyPool(1)
        self._given = given

    def embedding_losses(self, target: Target, ask: Any) -> tuple[str, ...]:
        return ()

    async def embed(self, target: Target, ask: Any, key: int = 0, limits: Any = None) -> Vectors:
        if isinstance(self._given, ProviderError):
            raise self._given
        return self._given


@pytest.mark.parametrize(
    ("given", "vector", "status"),
    [
        (Vectors(BODY, USAGE, "openai_embeddings"), [0.6, 0.8], "ok"),
        (Vectors(b"", USAGE, "gemini", answer=EmbeddingAnswer(vectors=((2.0,),))), [1.0], "ok"),
        (Vectors(b"", USAGE, "gemini", answer=EmbeddingAnswer(vectors=())), None, "ok"),
        (ProviderError("provider_down", "down"), None, "error"),
    ],
    ids=["own bytes", "another format", "none", "down"],
)
def test_each_vector_is_one_call(given: Any, vector: list[float] | None, status: str) -> None:
    rows: list[Call] = []

    class Rows:
        def record(self, call: Call) -> None:
            rows.append(call)

    async def body() -> None:
        providers: Any = {"p": Embeds(given)}
        client = Client(
            providers,
            lambda t, u, at: Priced(Decimal(u.input_tokens)),
            Rows(),
            lambda: 1,
            lambda: 1,
        )
        assert await TargetEmbedder(VECTORS, EmbeddingCaller(client)).embed("hello") == vector

    asyncio.run(body())
    [row] = rows
    assert (row.route, row.target, row.status) == ("cache.semantic", "vectors", status)
    assert row.cost_usd == (2 if status == "ok" else None)
