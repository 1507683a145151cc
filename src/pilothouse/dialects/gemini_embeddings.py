"""Gemini's embeddings, read and written both ways: `:embedContent` for one text, `:batchEmbedContents`.

Source: https://ai.google.dev/api/embeddings. The two have bodies of different shapes; which one a request is
shows in its body, and `EmbeddingRequest.is_single` says it. Google's SDKs send batches only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.answer import Usage
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest, Input, floats
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.dialects import _gemini_errors as errors
from pilothouse.dialects._bad_body import NOT_JSON, decoded
from pilothouse.dialects._raw import NULL


class _Part(Struct):
    text: str | None = None


class _Content(Struct):
    parts: Annotated[list[_Part], Meta(min_length=1)]


class _One(Struct, rename="camel"):
    content: _Content
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Annotated[int, Meta(gt=0)] | None = None


class _BodyIn(Struct):
    requests: Annotated[list[Raw], Meta(min_length=1)] | None = None


class _Values(Struct):
    values: tuple[float, ...] = ()


class _UsageIn(Struct, rename="camel"):
    prompt_token_count: int = 0


class _UsageOnly(Struct, rename="camel"):
    usage_metadata: _UsageIn | None = None


class _AnswerIn(_UsageOnly, rename="camel"):
    embeddings: list[_Values] | None = None
    embedding: _Values | None = None


_body_in = msgspec.json.Decoder(_BodyIn)
_one_in = msgspec.json.Decoder(_One)
_answer_in = msgspec.json.Decoder(_AnswerIn)
_usage_only = msgspec.json.Decoder(_UsageOnly)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_raw_list = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset({"model", "content", "taskType", "title", "outputDimensionality"})


class GeminiEmbeddings:
    """Implements `EmbeddingDialect`."""

    name = "gemini_embeddings"

    def path(self, model: str, *, is_single: bool = False) -> str:
        """The model is in the path."""
        return f"/{_resource(model)}:{'embedContent' if is_single else 'batchEmbedContents'}"

    def read_envelope(self, body: bytes, *, model: str | None = None) -> Envelope:
        """The body is not read: all of it is in the path."""
        return Envelope(model=_model(model))

    def read_request(self, body: bytes, *, model: str | None = None) -> EmbeddingRequest:
        """Of texts. Raises `BadRequest`, also when a batch asks for different things at once."""
        batch = decoded(_body_in, body).requests
        written = [body] if batch is None else [bytes(one) for one in batch]
        asked = [decoded(_one_in, one) for one in written]
        first = asked[0]
        if any(_wish(one) != _wish(first) for one in asked):
            raise BadRequest(
                "taskType, title and outputDimensionality must be the same in the whole batch; "
                "send one batch for each",
                param="requests",
            )
        fields = _raw_object.decode(written[0])
        return EmbeddingRequest(
            model=_model(model),
            inputs=tuple([_text(one.content) for one in asked]),
            is_single=batch is None,
            dimensions=first.output_dimensionality,
            task=first.task_type,
            title=first.title,
            extra={k: v.copy() for k, v in fields.items() if k not in _KNOWN and v != NULL},
            dialect=self.name,
        )

    def write_request(self, request: EmbeddingRequest) -> Written:
        """Raises `BadRequest` for tokens: leaving one out would shift every vector after it."""
        lost = [
            name for name in ("encoding_format", "subject") if getattr(request, name) is not None
        ]
        shared: dict[str, Any] = {"model": _resource(request.model)}
        if request.task is not None:
            shared["taskType"] = request.task
        if request.title is not None:
            shared["title"] = request.title
        if request.dimensions is not None:
            shared["outputDimensionality"] = request.dimensions
        if request.dialect in (None, self.name):
            shared.update(request.extra)
        else:
            lost += [f"extra.{name}" for name in request.extra]
        asked = [{**shared, "content": _content(one)} for one in request.inputs]
        is_alone = request.is_single and len(asked) == 1
        body = asked[0] if is_alone else {"requests": asked}
        return Written(_encode(body), tuple(lost))

    def with_model(self, body: bytes, model: str) -> bytes:
        """`body` for another model, wherever it names one; every other byte of its values kept.

        Raises `BadRequest`: nobody has read it so far, since its model is in the path.
        """
        fields = decoded(_raw_object, body)
        name = Raw(_encode(_resource(model)))
        if "requests" in fields:
            batch = [
                decoded(_raw_object, bytes(one))
                for one in decoded(_raw_list, bytes(fields["requests"]))
            ]
            fields["requests"] = Raw(_encode([{**one, "model": name} for one in batch]))
        else:
            fields["model"] = name
        return _encode(fields)

    def read_answer(self, body: bytes) -> EmbeddingAnswer:
        """Raises `ProviderError` (garbage)."""
        try:
            given = _answer_in.decode(body)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not embeddings: {error}") from None
        found = given.embeddings
        if found is None:
            if given.embedding is None:
                raise ProviderError("garbage", "not embeddings: there are none")
            found = [given.embedding]
        return EmbeddingAnswer(
            vectors=tuple([one.values for one in found]), usage=_usage(given.usage_metadata)
        )

    def read_usage(self, body: bytes) -> Usage | None:
        """None when it does not say, as Google mostly does not. Raises `ProviderError` (garbage)."""
        try:
            return _usage(_usage_only.decode(body).usage_metadata)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not embeddings: {error}") from None

    def write_answer(self, answer: EmbeddingAnswer, request: EmbeddingRequest) -> bytes:
        """Numbers, one vector alone where one text alone was asked for."""
        vectors = [{"values": floats(vector)} for vector in answer.vectors]
        is_alone = request.is_single and len(vectors) == 1
        body: dict[str, Any] = {"embedding": vectors[0]} if is_alone else {"embeddings": vectors}
        if answer.usage is not None:
            count = answer.usage.input_tokens
            body["usageMetadata"] = {"promptTokenCount": count, "totalTokenCount": count}
        return _encode(body)

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and status word of an error body."""
        return errors.read_error(body)

    def write_error(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> bytes:
        """An error body as Google's SDKs expect it."""
        return errors.write_error(status, message, code, param)


def _model(model: str | None) -> str:
    if not model:
        raise BadRequest("the path names no model", param="model")
    return model.removeprefix("models/")


def _resource(model: str) -> str:
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def _wish(one: _One) -> tuple[str | None, str | None, int | None]:
    return one.task_type, one.title, one.output_dimensionality


def _text(content: _Content) -> str:
    texts: Sequence[str | None] = [part.text for part in content.parts]
    if any(text is None for text in texts):
        raise BadRequest("only text can be embedded through another dialect", param="content.parts")
    return "".join([text or "" for text in texts])


def _content(one: Input) -> dict[str, Any]:
    if not isinstance(one, str):
        raise BadRequest("this model's provider embeds text, not token numbers", param="input")
    return {"parts": [{"text": one}]}


def _usage(given: _UsageIn | None) -> Usage | None:
    if given is None:
        return None
    return Usage(input_tokens=given.prompt_token_count, output_tokens=0)


plugin = GeminiEmbeddings()
