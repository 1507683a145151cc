"""Embeddings in OpenAI's and Gemini's formats, and from one to the other."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, structs
from strategies import names, texts

from pilothouse.core.answer import Usage
from pilothouse.core.embedding import (
    EmbeddingAnswer,
    EmbeddingDialect,
    EmbeddingRequest,
    base64_floats,
    floats,
)
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.dialects.gemini_embeddings import plugin as gemini
from pilothouse.dialects.openai_embeddings import plugin as openai

DIALECTS: list[EmbeddingDialect] = [openai, gemini]
few = settings(max_examples=40)
tokens = st.lists(st.integers(0, 200_000), min_size=1, max_size=4).map(tuple)
numbers = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4).map(tuple)


@st.composite
def requests(draw: st.DrawFn) -> EmbeddingRequest:
    inputs = draw(st.lists(texts | tokens, min_size=1, max_size=3))
    return EmbeddingRequest(
        model=draw(names),
        inputs=tuple(inputs),
        is_single=len(inputs) == 1 and draw(st.booleans()),
        dimensions=draw(st.none() | st.integers(1, 3072)),
        encoding_format=draw(st.sampled_from([None, "float", "base64"])),
        task=draw(st.none() | st.just("RETRIEVAL_QUERY")),
        title=draw(st.none() | texts),
        subject=draw(st.none() | names),
    )


@few
@given(requests(), st.sampled_from(DIALECTS))
def test_a_request_keeps_all_but_what_is_named_as_lost(
    request: EmbeddingRequest, dialect: EmbeddingDialect
) -> None:
    try:
        written = dialect.write_request(request)
    except BadRequest:
        assert dialect is gemini
        assert not all(isinstance(one, str) for one in request.inputs)
        return
    back = dialect.read_request(written.body, model=request.model)
    gone = dict.fromkeys(written.lost)
    assert structs.replace(back, dialect=None) == structs.replace(request, **gone)


@few
@given(st.lists(numbers, min_size=1, max_size=3), requests(), st.sampled_from(DIALECTS))
def test_vectors_and_usage_survive_the_way_there_and_back(
    vectors: list[tuple[float, ...]], request: EmbeddingRequest, dialect: EmbeddingDialect
) -> None:
    answer = EmbeddingAnswer(
        vectors=tuple(vectors), usage=Usage(input_tokens=7, output_tokens=0), model="m"
    )
    body = dialect.write_answer(answer, request)
    back = dialect.read_answer(body)
    assert [floats(vector) for vector in back.vectors] == vectors
    assert dialect.read_usage(body) == back.usage == answer.usage


def test_base64_is_little_endian_32_bit_floats() -> None:
    assert base64_floats((1.0, -0.5)) == b64encode(struct.pack("<2f", 1.0, -0.5)).decode()
    assert floats("AACAPwAAAL8=") == (1.0, -0.5)
    for wrong in ("AACAPwA=", "%%%"):
        with pytest.raises(ValueError):
            floats(wrong)


def test_base64_of_the_provider_is_not_decoded_to_be_passed_on() -> None:
    body = {"data": [{"index": 1, "embedding": "b-second"}, {"index": 0, "embedding": "a-first"}]}
    answer = openai.read_answer(json.dumps(body).encode())
    assert answer.vectors == ("a-first", "b-second")
    asked = EmbeddingRequest(model="m", inputs=("x", "y"), encoding_format="base64")
    sent = json.loads(openai.write_answer(answer, asked))
    assert [one["embedding"] for one in sent["data"]] == ["a-first", "b-second"]


@pytest.mark.parametrize(
    ("given", "inputs", "is_single"),
    [
        ("a", ("a",), True),
        (["a", "b"], ("a", "b"), False),
        ([1, 2], ((1, 2),), True),
        ([[1, 2], [3]], ((1, 2), (3,)), False),
    ],
)
def test_all_four_forms_of_input_are_read(given: Any, inputs: Any, is_single: bool) -> None:
    body = json.dumps({"model": "m", "input": given, "dimensions": 8}).encode()
    request = openai.read_request(body)
    assert (request.inputs, request.is_single, request.dimensions) == (inputs, is_single, 8)
    assert json.loads(openai.write_request(request).body)["input"] == given


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "a"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": []}, "input"),
        ({"model": "m", "input": ["a", 1]}, "input"),
        ({"model": "m", "input": "a", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_bad_request_names_the_parameter_at_fault(body: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        openai.read_request(json.dumps(body).encode())
    assert caught.value.param == param


def test_geminis_batch_and_its_single_form() -> None:
    one = {
        "content": {"parts": [{"text": "a"}]},
        "taskType": "CLUSTERING",
        "outputDimensionality": 8,
    }
    batch = json.dumps({"requests": [one, {**one, "content": {"parts": [{"text": "b"}]}}]}).encode()
    request = gemini.read_request(batch, model="models/e")
    assert (request.model, request.inputs, request.is_single) == ("e", ("a", "b"), False)
    assert (request.task, request.dimensions) == ("CLUSTERING", 8)
    single = gemini.read_request(json.dumps(one).encode(), model="e")
    assert (single.inputs, single.is_single) == (("a",), True)
    answer = EmbeddingAnswer(vectors=("AACAPw==",))
    assert json.loads(gemini.write_answer(answer, single)) == {"embedding": {"values": [1.0]}}
    assert json.loads(gemini.write_answer(answer, request)) == {"embeddings": [{"values": [1.0]}]}


def test_a_batch_that_wants_different_things_is_refused_not_flattened() -> None:
    one = {"content": {"parts": [{"text": "a"}]}}
    body = json.dumps({"requests": [one, {**one, "taskType": "CLUSTERING"}]}).encode()
    with pytest.raises(BadRequest, match="same in the whole batch"):
        gemini.read_request(body, model="e")


def test_tokens_are_refused_where_only_text_can_be_embedded() -> None:
    with pytest.raises(BadRequest, match="not token numbers"):
        gemini.write_request(EmbeddingRequest(model="e", inputs=("a", (1, 2))))


def test_rewriting_the_model_leaves_every_other_value_as_it_was() -> None:
    body = b'{"input":[1,2],"model":"a","x":1.10}'
    assert openai.with_model(body, "b") == body.replace(b'"a"', b'"b"')
    batch = b'{"requests":[{"model":"models/a","x":1.10},{"model":"models/a"}]}'
    assert gemini.with_model(batch, "b") == batch.replace(b"models/a", b"models/b")


def test_extras_of_another_dialect_are_named_as_lost() -> None:
    request = EmbeddingRequest(
        model="m", inputs=("a",), extra={"input_type": Raw(b'"query"')}, dialect="openai_embeddings"
    )
    assert gemini.write_request(request).lost == ("extra.input_type",)
    assert json.loads(openai.write_request(request).body)["input_type"] == "query"


def test_paths_say_the_model_where_the_dialect_does() -> None:
    assert openai.path("m") == "/embeddings"
    assert gemini.path("e") == "/models/e:batchEmbedContents"
    assert gemini.path("models/e", is_single=True) == "/models/e:embedContent"
    assert openai.read_envelope(b'{"model":"m","input":"a","user":"u"}').subject == "u"
    assert gemini.read_envelope(b"", model="models/e").model == "e"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b"[1]"])
def test_what_is_no_answer_is_garbage(dialect: EmbeddingDialect, body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_errors_are_written_as_they_are_read(dialect: EmbeddingDialect) -> None:
    message, code = dialect.read_error(dialect.write_error(429, "slow", param="input"))
    assert message == "slow"
    assert code in ("rate_limit_error", "RESOURCE_EXHAUSTED")
