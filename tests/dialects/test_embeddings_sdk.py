"""Embeddings as the vendors' own SDKs ask for them and read them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sdk_server import Reply, serving

from pilothouse.core.answer import Usage
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.dialects.gemini_embeddings import plugin as gemini
from pilothouse.dialects.openai_embeddings import plugin as openai_dialect

USAGE = Usage(input_tokens=5, output_tokens=0)
VECTORS = ((0.5, -0.25), (1.0, 0.0))


def ask_openai(reply: Reply, **asked: Any) -> Any:
    openai = pytest.importorskip("openai")

    async def main() -> Any:
        async with (
            serving(reply) as url,
            openai.AsyncOpenAI(
                api_key="k", base_url=f"{url}/v1", max_retries=0, timeout=10
            ) as client,
        ):
            return await client.embeddings.create(model="m", **asked)

    return asyncio.run(main())


@pytest.mark.parametrize("asked", [{}, {"encoding_format": "float"}])
@pytest.mark.parametrize("inputs", ["a", ["a", "b"], [1, 2], [[1], [2, 3]]])
def test_openais_sdk_gets_its_numbers_whatever_it_asked_for(
    asked: dict[str, Any], inputs: Any
) -> None:
    seen: list[EmbeddingRequest] = []

    def reply(path: str, body: bytes) -> tuple[int, bytes]:
        assert path == "/v1" + openai_dialect.path("m")
        request = openai_dialect.read_request(body)
        seen.append(request)
        vectors = VECTORS[: len(request.inputs)]
        return 200, openai_dialect.write_answer(
            EmbeddingAnswer(vectors=vectors, usage=USAGE), request
        )

    found = ask_openai(reply, input=inputs, dimensions=2, **asked)
    assert tuple(tuple(one.embedding) for one in found.data) == VECTORS[: len(seen[0].inputs)]
    assert seen[0].encoding_format == asked.get("encoding_format", "base64")
    assert seen[0].dimensions == 2
    assert found.usage.prompt_tokens == 5


def test_a_provider_of_geminis_answers_openais_sdk() -> None:
    def reply(_: str, body: bytes) -> tuple[int, bytes]:
        request = openai_dialect.read_request(body)
        sent = gemini.write_request(request)
        assert sent.lost == ("encoding_format",)
        upstream = gemini.read_request(sent.body, model=request.model)
        answered = gemini.write_answer(EmbeddingAnswer(vectors=VECTORS, usage=USAGE), upstream)
        return 200, openai_dialect.write_answer(gemini.read_answer(answered), request)

    found = ask_openai(reply, input=["a", "b"])
    assert tuple(tuple(one.embedding) for one in found.data) == VECTORS


def test_errors_are_openais_own() -> None:
    openai = pytest.importorskip("openai")
    body = openai_dialect.write_error(429, "slow down")
    with pytest.raises(openai.RateLimitError, match="slow down"):
        ask_openai(lambda *_: (429, body), input="a")


def test_googles_sdk_gets_its_numbers() -> None:
    genai = pytest.importorskip("google.genai")
    seen: list[EmbeddingRequest] = []

    def reply(path: str, body: bytes) -> tuple[int, bytes]:
        version, _, rest = path.removeprefix("/").partition("/")
        assert version in ("v1", "v1beta")
        model, _, verb = rest.partition("?")[0].rpartition(":")
        assert verb == "batchEmbedContents"
        request = gemini.read_request(body, model=model)
        seen.append(request)
        return 200, gemini.write_answer(EmbeddingAnswer(vectors=VECTORS, usage=USAGE), request)

    async def main() -> Any:
        async with serving(reply) as url:
            client = genai.Client(api_key="k", http_options={"base_url": url})
            config = {"task_type": "CLUSTERING", "output_dimensionality": 2}
            return await client.aio.models.embed_content(
                model="gemini-embedding-001", contents=["a", "b"], config=config
            )

    found = asyncio.run(main())
    assert tuple(tuple(one.values) for one in found.embeddings) == VECTORS
    [request] = seen
    assert (request.model, request.inputs) == ("gemini-embedding-001", ("a", "b"))
    assert (request.task, request.dimensions) == ("CLUSTERING", 2)


def test_passing_through_needs_no_vector() -> None:
    request = json.dumps({"model": "a", "input": ["x"], "encoding_format": "base64"}).encode()
    assert json.loads(openai_dialect.with_model(request, "b"))["model"] == "b"
    answer = b'{"data":[{"embedding":"not base64 at all"}],"usage":{"prompt_tokens":3}}'
    assert openai_dialect.read_usage(answer) == Usage(input_tokens=3, output_tokens=0)
