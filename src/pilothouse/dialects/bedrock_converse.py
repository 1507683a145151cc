"""AWS Bedrock's Converse format, read and written both ways.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and botocore's service
model of bedrock-runtime. The model and whether to stream are in the path. Signing (SigV4) and the binary
frames of a stream belong to whoever sends: stream events here are the server-sent events that
`wire.event_stream.AwsEvents` makes of frames.
"""

from __future__ import annotations

from urllib.parse import quote

from pilothouse.core.answer import Answer
from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.request import Request
from pilothouse.dialects import _bedrock_answer as answers
from pilothouse.dialects import _bedrock_request as requests
from pilothouse.dialects._bedrock_content import DIALECT
from pilothouse.dialects._bedrock_stream import ConverseReader, ConverseWriter, error_event


class BedrockConverse:
    """Implements `Dialect`."""

    name = DIALECT
    keepalive = b": keepalive\n\n"

    def path(self, model: str, *, stream: bool) -> str:
        """A model's id may be an ARN: its colons and slashes are written as AWS's SDKs do."""
        return f"/model/{quote(model, safe='')}/{'converse-stream' if stream else 'converse'}"

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

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        return requests.write_request(request)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """The same bytes: the path says both. Usage is always told."""
        return body

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage)."""
        return answers.read_answer(body)

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole answer."""
        return answers.write_answer(answer)

    def reader(self) -> ConverseReader:
        """For one stream."""
        return ConverseReader()

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> ConverseWriter:
        """For one stream."""
        return ConverseWriter()

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and exception of an error body."""
        return answers.read_error(body)

    def write_error(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> bytes:
        """An error body as AWS's SDKs expect it."""
        return answers.write_error(status, message)

    def error_event(
        self, status: int, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> bytes:
        """An exception in the middle of a stream."""
        return error_event(status, message)


plugin = BedrockConverse()
