"""OpenAI's Responses API, read and written both ways.

Source: https://platform.openai.com/docs/api-reference/responses, and the types of OpenAI's SDK. Within the
same dialect nothing is rewritten but the model: `with_model`.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from pilothouse.core.answer import Answer
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.request import Request
from pilothouse.dialects import _openai_error as errors
from pilothouse.dialects import _responses_answer as answers
from pilothouse.dialects import _responses_request_in as requests_in
from pilothouse.dialects import _responses_request_out as requests_out
from pilothouse.dialects._responses_items import NAME
from pilothouse.dialects._responses_reader import ResponsesReader
from pilothouse.dialects._responses_writer import ResponsesWriter, failed_error
from pilothouse.dialects._sse import sse

_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


class OpenAIResponses:
    """Implements `Dialect`."""

    name = NAME
    keepalive = b": keepalive\n\n"

    def path(self, model: str, *, stream: bool) -> str:
        """The same for all."""
        return "/responses"

    def read_envelope(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Envelope:
        """Raises `BadRequest` with the parameter at fault."""
        return requests_in.read_envelope(body)

    def read_request(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Request:
        """Raises `BadRequest` with the parameter at fault."""
        return requests_in.read_request(body)

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        return requests_out.write_request(request)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """`body` for another model, every other byte of its values kept; usage always comes."""
        fields = _raw_object.decode(body)
        fields["model"] = Raw(_encode(model))
        return _encode(fields)

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError`: garbage, or what a failed response says."""
        return answers.read_answer(body)

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole response; of several candidates the first."""
        return answers.write_answer(answer, model=model, id=id, created_s=created_s)

    def reader(self) -> ResponsesReader:
        """For one stream."""
        return ResponsesReader()

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> ResponsesWriter:
        """For one stream. Usage is part of the last event, whether wanted or not."""
        return ResponsesWriter(model=model, id=id, created_s=created_s)

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

    def error_event(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        response_id: str | None = None,
        sequence_number: int = 0,
        model: str = "",
    ) -> bytes:
        """`response.failed`, for a stream whose bytes passed through.

        `response_id` is that of its `response.created`: some clients refuse another one. A stream that
        we write ends with `ResponsesWriter.fail`, which knows it.
        """
        response = answers.response_out(
            id=(response_id or request_id or "failed").removeprefix("resp_"),
            model=model,
            created_s=0,
            status="failed",
            error=failed_error(status, message, code),
        )
        event = {
            "type": "response.failed",
            "sequence_number": sequence_number,
            "response": response,
        }
        return sse(_encode(event), "response.failed")


plugin = OpenAIResponses()
