"""OpenAI's embeddings format, read and written both ways.

Source: https://platform.openai.com/docs/api-reference/embeddings. OpenAI's SDK asks for base64 unless told
otherwise and takes either form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.answer import Usage
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.embedding import (
    EmbeddingAnswer,
    EmbeddingRequest,
    Input,
    base64_floats,
    floats,
)
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.dialects import _openai_error as errors
from pilothouse.dialects._bad_body import NOT_JSON, decoded
from pilothouse.dialects._raw import NULL


class _EnvelopeIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    user: str | None = None


class _RequestIn(_EnvelopeIn, kw_only=True):
    input: str | Annotated[list[str | int | tuple[int, ...]], Meta(min_length=1)]
    dimensions: Annotated[int, Meta(gt=0)] | None = None
    encoding_format: Literal["float", "base64"] | None = None


class _UsageIn(Struct):
    prompt_tokens: int = 0


class _UsageOnly(Struct):
    usage: _UsageIn | None = None


class _Vector(Struct):
    embedding: tuple[float, ...] | str
    index: int = 0


class _AnswerIn(Struct):
    data: list[_Vector]
    model: str | None = None
    usage: _UsageIn | None = None


_envelope_in = msgspec.json.Decoder(_EnvelopeIn)
_request_in = msgspec.json.Decoder(_RequestIn)
_answer_in = msgspec.json.Decoder(_AnswerIn)
_usage_only = msgspec.json.Decoder(_UsageOnly)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset(_RequestIn.__struct_fields__)


class OpenAIEmbeddings:
    """Implements `EmbeddingDialect`."""

    name = "openai_embeddings"

    def path(self, model: str, *, is_single: bool = False) -> str:
        """The same for all."""
        return "/embeddings"

    def read_envelope(self, body: bytes, *, model: str | None = None) -> Envelope:
        """Raises `BadRequest` with the parameter at fault."""
        given = decoded(_envelope_in, body)
        return Envelope(model=given.model, subject=given.user)

    def read_request(self, body: bytes, *, model: str | None = None) -> EmbeddingRequest:
        """A text, texts, tokens or lists of tokens. Raises `BadRequest`."""
        given = decoded(_request_in, body)
        inputs, is_single = _inputs(given.input)
        fields = _raw_object.decode(body)
        return EmbeddingRequest(
            model=given.model,
            inputs=inputs,
            is_single=is_single,
            dimensions=given.dimensions,
            encoding_format=given.encoding_format,
            subject=given.user,
            extra={k: v.copy() for k, v in fields.items() if k not in _KNOWN and v != NULL},
            dialect=self.name,
        )

    def write_request(self, request: EmbeddingRequest) -> Written:
        """Task and title have no place here."""
        lost = [name for name in ("task", "title") if getattr(request, name) is not None]
        inputs = request.inputs
        body: dict[str, Any] = {
            "model": request.model,
            "input": inputs[0] if request.is_single and len(inputs) == 1 else inputs,
        }
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        if request.encoding_format is not None:
            body["encoding_format"] = request.encoding_format
        if request.subject is not None:
            body["user"] = request.subject
        if request.dialect in (None, self.name):
            body.update(request.extra)
        else:
            lost += [f"extra.{name}" for name in request.extra]
        return Written(_encode(body), tuple(lost))

    def with_model(self, body: bytes, model: str) -> bytes:
        """`body` for another model, every other byte of its values kept."""
        fields = _raw_object.decode(body)
        fields["model"] = Raw(_encode(model))
        return _encode(fields)

    def read_answer(self, body: bytes) -> EmbeddingAnswer:
        """Base64 stays as it is. Raises `ProviderError` (garbage)."""
        try:
            given = _answer_in.decode(body)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not embeddings: {error}") from None
        ordered = sorted(given.data, key=lambda one: one.index)
        return EmbeddingAnswer(
            vectors=tuple([one.embedding for one in ordered]),
            usage=_usage(given.usage),
            model=given.model,
        )

    def read_usage(self, body: bytes) -> Usage | None:
        """None when it does not say. Raises `ProviderError` (garbage)."""
        try:
            return _usage(_usage_only.decode(body).usage)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not embeddings: {error}") from None

    def write_answer(self, answer: EmbeddingAnswer, request: EmbeddingRequest) -> bytes:
        """Base64 or numbers, as asked for; numbers when nothing was asked for."""
        is_base64 = request.encoding_format == "base64"
        body = {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": i,
                    "embedding": base64_floats(vector) if is_base64 else floats(vector),
                }
                for i, vector in enumerate(answer.vectors)
            ],
            "model": request.model,
            "usage": _usage_out(answer.usage),
        }
        return _encode(body)

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and code of an error body."""
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
        """An error body as OpenAI's SDKs expect it."""
        return errors.write_error(status, message, code=code, param=param)


def _inputs(given: str | list[str | int | tuple[int, ...]]) -> tuple[tuple[Input, ...], bool]:
    """Inputs, and whether it was one alone. A list of numbers is one input: its tokens."""
    if isinstance(given, str):
        return (given,), True
    tokens = [one for one in given if isinstance(one, int)]
    if tokens:
        if len(tokens) != len(given):
            raise BadRequest("tokens and texts in one list", param="input")
        return (tuple(tokens),), True
    return tuple([one for one in given if not isinstance(one, int)]), False


def _usage(given: _UsageIn | None) -> Usage | None:
    return None if given is None else Usage(input_tokens=given.prompt_tokens, output_tokens=0)


def _usage_out(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}


plugin = OpenAIEmbeddings()
