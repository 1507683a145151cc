"""A provider asked for vectors: recorded, priced, and every failure a class of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.client.attempt import Book
from pilothouse.client.cache.semantic.asking import EmbeddingCaller
from pilothouse.client.cache.semantic.embedder import TargetEmbedder
from pilothouse.core.call import Call
from pilothouse.core.embedding import EmbeddingRequest
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import Priced
from pilothouse.core.route import Target
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider

VECTORS = Target(name="vectors", provider="p", model="text-embedding-x")
REQUEST = EmbeddingRequest(model="ours", inputs=("hello",))
GOOD = {"data": [{"index": 0, "embedding": [3.0, 4.0]}], "usage": {"prompt_tokens": 2}}


class Upstream:
    """Answers every request alike, and keeps what was asked."""

    def __init__(self, status: str, body: Any) -> None:
        self._status = status
        self._body = json.dumps(body).encode()
        self.asked: list[tuple[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
        self.asked.append((head.split(" ")[1], json.loads(await reader.readexactly(length))))
        writer.write(
            f"HTTP/1.1 {self._status}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(self._body)}\r\nconnection: close\r\n\r\n".encode()
            + self._body
        )
        await writer.drain()
        writer.close()


def with_upstream(
    upstream: Upstream, body: Callable[[HttpProvider], Awaitable[None]], kind: str = "openai"
) -> None:
    async def main() -> None:
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        provider = HttpProvider(
            row(kind), keys=[Secret("sk-secret")], base_url=f"http://127.0.0.1:{port}/v1"
        )
        try:
            await body(provider)
        finally:
            await provider.close()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "path", "field"),
    [
        ("openai", "/v1/embeddings", "input"),
        ("google", "/v1/v1beta/models/text-embedding-x:batchEmbedContents", "requests"),
    ],
)
def test_vectors_come_in_the_form_that_the_provider_speaks(
    kind: str, path: str, field: str
) -> None:
    good = GOOD if kind == "openai" else {"embeddings": [{"values": [3.0, 4.0]}]}
    upstream = Upstream("200 OK", good)

    async def body(provider: HttpProvider) -> None:
        answer = await provider.embed(VECTORS, REQUEST)
        assert answer.vectors == ((3.0, 4.0),)
        assert upstream.asked[0][0] == path
        assert field in upstream.asked[0][1]
        assert "text-embedding-x" in json.dumps(upstream.asked[0][1])

    with_upstream(upstream, body, kind)


def test_a_provider_without_embeddings_says_so() -> None:
    async def body(provider: HttpProvider) -> None:
        with pytest.raises(ProviderError, match="has no embeddings"):
            await provider.embed(VECTORS, REQUEST)

    with_upstream(Upstream("200 OK", GOOD), body, "anthropic")


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        ("401 Unauthorized", {"error": {"message": "bad key sk-secret"}}, "auth"),
        ("500 Oops", {"error": {"message": "down"}}, "provider_down"),
        ("200 OK", {"data": []}, "garbage"),
        ("200 OK", {"nothing": 1}, "garbage"),
    ],
)
def test_a_failure_has_its_class_and_no_secret(status: str, answer: Any, kind: str) -> None:
    async def body(provider: HttpProvider) -> None:
        with pytest.raises(ProviderError) as raised:
            await provider.embed(VECTORS, REQUEST)
        assert raised.value.kind == kind
        assert "sk-secret" not in str(raised.value)

    with_upstream(Upstream(status, answer), body)


class Rows:
    def __init__(self) -> None:
        self.rows: list[Call] = []

    def record(self, call: Call) -> None:
        self.rows.append(call)


@pytest.mark.parametrize("is_good", [True, False])
def test_each_question_for_a_vector_is_a_recorded_and_priced_call(is_good: bool) -> None:
    async def body(provider: HttpProvider) -> None:
        rows = Rows()
        book = Book(lambda t, u, at: Priced(Decimal(u.input_tokens)), rows, lambda: 1, lambda: 1)
        embedder = TargetEmbedder(VECTORS, EmbeddingCaller({"p": provider}, book))
        vector = await embedder.embed("hello")
        [row] = rows.rows
        assert (row.route, row.target) == ("cache.semantic", "vectors")
        if is_good:
            assert vector == [0.6, 0.8]
            assert (row.status, row.cost_usd, row.input_tokens) == ("ok", 2, 2)
        else:
            assert vector is None
            assert (row.status, row.error_class) == ("error", "provider_down")

    with_upstream(Upstream("200 OK" if is_good else "503 No", GOOD), body)
