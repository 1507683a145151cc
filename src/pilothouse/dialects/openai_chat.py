"""OpenAI's chat completions format, read and written both ways.

Source: https://platform.openai.com/docs/api-reference/chat, with what its many other speakers add:
`reasoning_content` (DeepSeek, vLLM), `thinking_blocks` with signatures, Google's thought signatures, usage in
`x_groq`. Within the same dialect nothing is rewritten but the model: `with_model`.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from pilothouse.core.answer import Answer
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.request import Request
from pilothouse.dialects import _openai_answer as answers
from pilothouse.dialects import _openai_request as requests
from pilothouse.dialects._openai_error import read_error, write_error
from pilothouse.dialects._openai_stream import ChatReader, ChatWriter
from pilothouse.dialects._sse import sse

_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_WITH_USAGE = Raw(b'{"include_usage":true}')


class OpenAIChat:
    """Implements `Dialect`."""

    name = "openai_chat"
    keepalive = b": keepalive\n\n"

    def path(self, model: str, *, stream: bool) -> str:
        """The same for all."""
        return "/chat/completions"

    def read_envelope(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Envelope:
        """Raises `BadRequest` with the parameter at fault."""
        return requests.read_envelope(body)

    def read_request(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Request:
        """Raises `BadRequest` with the parameter at fault."""
        return requests.read_request(body)

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        return requests.write_request(request)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """`body` for another model, every other byte of its values kept; streams ask for usage."""
        fields = _raw_object.decode(body)
        fields["model"] = Raw(_encode(model))
        if stream:
            fields["stream_options"] = _WITH_USAGE
        return _encode(fields)

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage)."""
        return answers.read_answer(body)

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole chat completion."""
        return answers.write_answer(answer, model=model, id=id, created_s=created_s)

    def reader(self) -> ChatReader:
        """For one stream."""
        return ChatReader()

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> ChatWriter:
        """For one stream."""
        return ChatWriter(model=model, id=id, created_s=created_s, wants_usage=wants_usage)

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and code of an error body."""
        return read_error(body)

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
        return write_error(status, message, code=code, param=param)

    def error_event(
        self, status: int, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> bytes:
        """An error in the middle of a stream."""
        return sse(self.write_error(status, message, code=code, request_id=request_id))


plugin = OpenAIChat()
