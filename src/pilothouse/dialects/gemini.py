"""Google's generateContent format, read and written both ways.

Source: https://ai.google.dev/api/generate-content, and what google-genai 1.75 and 3.4 send and take. The
model and whether to stream are in the path, not in the body. Names are read in both of protobuf's
spellings and written in camelCase.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from pilothouse.core.answer import Answer
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import Request
from pilothouse.dialects import _gemini_answer as answers
from pilothouse.dialects import _gemini_errors as errors
from pilothouse.dialects import _gemini_request as requests
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._gemini_stream import GeminiReader, GeminiWriter, error_event


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: int


_count_in = msgspec.json.Decoder(_Count)


class Gemini:
    """Implements `Dialect`, and counting tokens."""

    name = "gemini"
    keepalive = b"\n\n"
    """Not a comment: both generations of Google's SDK take `: ...` for JSON and fail; blank lines they skip."""

    def path(self, model: str, *, stream: bool) -> str:
        """`model` may be a path of Google's own: `models/m`, `tunedModels/m`, `publishers/p/models/m`."""
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/{_resource(model)}:{verb}"

    def count_path(self, model: str) -> str:
        """Where tokens are counted, below the provider's base URL."""
        return f"/{_resource(model)}:countTokens"

    def read_envelope(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Envelope:
        """Raises `BadRequest` with the parameter at fault."""
        return requests.read_envelope(body, model, stream=stream)

    def read_request(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Request:
        """Raises `BadRequest` with the parameter at fault."""
        return requests.read_request(body, model, stream=stream)

    def read_count_request(self, body: bytes, *, model: str | None = None) -> Request:
        """A `:countTokens` body. Raises `BadRequest`."""
        return requests.read_count_request(body, model)

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        return requests.write_request(request)

    def write_count_request(self, request: Request) -> Written:
        """The body that asks how many tokens `request` has."""
        return requests.write_count_request(request)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """The same bytes: the path says both. Usage is always told."""
        return requests.with_model(body, model)

    def with_counted_model(self, body: bytes, model: str) -> bytes:
        """The same bytes but for a whole request inside, which names its model. Raises `BadRequest`."""
        return requests.with_counted_model(body, model)

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage, or refused when the prompt was blocked)."""
        return answers.read_answer(body)

    def read_count(self, body: bytes) -> int:
        """Raises `ProviderError` (garbage)."""
        try:
            return _count_in.decode(body).total_tokens
        except NOT_JSON as error:
            raise ProviderError("garbage", f"not a count of tokens: {error}") from None

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole answer."""
        return answers.write_answer(answer, model=model, id=id)

    def write_count(self, tokens: int) -> bytes:
        """The answer to `:countTokens`."""
        return b'{"totalTokens":%d}' % tokens

    def reader(self) -> GeminiReader:
        """For one stream."""
        return GeminiReader()

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> GeminiWriter:
        """For one stream."""
        return GeminiWriter(model=model, id=id)

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

    def error_event(
        self, status: int, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> bytes:
        """An error in the middle of a stream."""
        return error_event(self.write_error(status, message, code=code))


def _resource(model: str) -> str:
    if any(step in ("", ".", "..") for step in model.split("/")):
        raise BadRequest(f'"{model}" is not a model: an empty or dotted step', param="model")
    has_place = model.startswith(("models/", "tunedModels/")) or "/models/" in model
    return quote(model if has_place else f"models/{model}", safe="/:@")


plugin = Gemini()
