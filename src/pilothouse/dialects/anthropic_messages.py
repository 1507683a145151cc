"""Anthropic's Messages format, read and written both ways, and its counting of tokens.

Source: https://platform.claude.com/docs/en/api/messages and the types of the vendor's SDK. What a question
holds beyond our nouns goes back to this dialect as it came; see `_anthropic_request_writer` for what is
decided when a question comes from another one.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.answer import Answer
from pilothouse.core.dialect import Envelope, StreamReader, StreamWriter, Written
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import Request
from pilothouse.dialects import _anthropic_answer as answers
from pilothouse.dialects import _anthropic_errors as errors
from pilothouse.dialects._anthropic_blocks import NAME
from pilothouse.dialects._anthropic_request_reader import read_request
from pilothouse.dialects._anthropic_request_writer import write_request
from pilothouse.dialects._anthropic_stream_reader import Reader
from pilothouse.dialects._anthropic_stream_writer import Writer
from pilothouse.dialects._bad_body import NOT_JSON, decoded
from pilothouse.dialects._sse import sse


class _Metadata(Struct):
    user_id: str | None = None


class _EnvelopeIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    stream: bool | None = None
    max_tokens: int | None = None
    metadata: _Metadata | None = None


class _Count(Struct):
    input_tokens: int


_envelope = msgspec.json.Decoder(_EnvelopeIn)
_fields = msgspec.json.Decoder(dict[str, Raw])
_count = msgspec.json.Decoder(_Count)
_encode = msgspec.json.Encoder().encode
_COUNTED = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"}
)


class AnthropicMessages:
    """Stateless; see the module."""

    name = NAME
    keepalive = sse(b'{"type":"ping"}', "ping")
    count_path = "/messages/count_tokens"
    """Where a count goes, below the provider's base URL."""

    def path(self, model: str, *, stream: bool) -> str:
        """The same for every question."""
        return "/messages"

    def read_envelope(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Envelope:
        """Also of a body for `count_path`. Raises `BadRequest` with the parameter at fault."""
        given = decoded(_envelope, body)
        return Envelope(
            model=model or given.model,
            stream=given.stream or stream,
            max_output_tokens=given.max_tokens,
            subject=given.metadata.user_id if given.metadata else None,
        )

    def read_request(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Request:
        """Everything. Raises `BadRequest` with the parameter at fault."""
        return read_request(body, model=model)

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        return write_request(request)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """`body` for another model, every other byte of its values kept. Streams always tell usage."""
        fields = _fields.decode(body)
        fields["model"] = Raw(_encode(model))
        return _encode(fields)

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage) when this is not a message."""
        return answers.read_answer(body)

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole message (the format has no time). Raises `ValueError` without usage."""
        return answers.write_answer(answer, model=model, id=id)

    def reader(self) -> StreamReader:
        """For one stream."""
        return Reader()

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> StreamWriter:
        """For one stream; usage is always told, the format knows no other way."""
        return Writer(model, id)

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and type of an error body; the message may be empty."""
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
        """An error body as Anthropic's SDKs expect it."""
        return errors.write_error(status, message, code=code, param=param, request_id=request_id)

    def error_event(
        self, status: int, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> bytes:
        """The same in the middle of a stream, as a whole server-sent event."""
        return errors.error_event(status, message, code=code, request_id=request_id)

    def read_count_request(self, body: bytes, *, model: str | None = None) -> Request:
        """A body for `count_path`: a question without a limit. Raises `BadRequest`."""
        return read_request(body, model=model, needs_max_tokens=False)

    def write_count_request(self, request: Request) -> Written:
        """The body for `count_path`: without the fields that say how to answer, which it refuses."""
        written = write_request(request)
        fields = _fields.decode(written.body)
        kept = {name: value for name, value in fields.items() if name in _COUNTED}
        return Written(_encode(kept), written.lost)

    def with_counted_model(self, body: bytes, model: str) -> bytes:
        """A body for `count_path`, for another model. Raises `BadRequest`."""
        fields = decoded(_fields, body)
        fields["model"] = Raw(_encode(model))
        return _encode(fields)

    def write_count(self, input_tokens: int) -> bytes:
        """The answer to a count."""
        return _encode({"input_tokens": input_tokens})

    def read_count(self, body: bytes) -> int:
        """The vendor's answer to one. Raises `ProviderError` (garbage)."""
        try:
            return _count.decode(body).input_tokens
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not a count of tokens: {error}") from None


plugin = AnthropicMessages()
