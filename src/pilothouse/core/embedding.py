"""Texts to vectors: one question, its answer, and what an embedding dialect promises.

Within one dialect bytes pass through: `read_envelope`, `with_model` and `read_usage` never touch a vector.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from typing import Literal, Protocol

from msgspec import Raw, Struct

from pilothouse.core.answer import Usage
from pilothouse.core.dialect import Envelope, Written

Input = str | tuple[int, ...]
"""A text, or the numbers of its tokens."""

Vector = tuple[float, ...] | str
"""Numbers, or base64 of little-endian 32-bit floats, as it came: decoded when somebody asks."""


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """One question: a vector for each of `inputs`."""

    model: str
    inputs: tuple[Input, ...]
    is_single: bool = False
    """Asked for one input outside of any list; some dialects answer that in another shape."""
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    task: str | None = None
    """What the vectors are for, in Gemini's words: RETRIEVAL_QUERY, CLUSTERING, ..."""
    title: str | None = None
    """Of the document, where the task is to find it."""
    subject: str | None = None
    extra: dict[str, Raw] = {}
    """What no noun above holds, by its name in the dialect it was read from."""
    dialect: str | None = None


class EmbeddingAnswer(Struct, frozen=True, kw_only=True):
    """A vector for each input, in their order."""

    vectors: tuple[Vector, ...]
    usage: Usage | None = None
    model: str | None = None


class EmbeddingDialect(Protocol):
    """Stateless; bodies are UTF-8 JSON. See `Dialect` for what is not said here."""

    name: str

    def path(self, model: str, *, is_single: bool = False) -> str:
        """Where a request goes, below the provider's base URL."""
        ...

    def read_envelope(self, body: bytes, *, model: str | None = None) -> Envelope:
        """`model` from the path, where the dialect has it there. Raises `BadRequest`."""
        ...

    def read_request(self, body: bytes, *, model: str | None = None) -> EmbeddingRequest:
        """Everything. Raises `BadRequest` with the parameter at fault."""
        ...

    def write_request(self, request: EmbeddingRequest) -> Written:
        """The body. Raises `BadRequest` for inputs that the dialect has no way to send."""
        ...

    def with_model(self, body: bytes, model: str) -> bytes:
        """`body` for another model, every other byte of its values kept."""
        ...

    def read_answer(self, body: bytes) -> EmbeddingAnswer:
        """Raises `ProviderError` (garbage) when this is not an answer."""
        ...

    def read_usage(self, body: bytes) -> Usage | None:
        """Of an answer's body, its vectors skipped; None when it does not say."""
        ...

    def write_answer(self, answer: EmbeddingAnswer, request: EmbeddingRequest) -> bytes:
        """In the shape and the encoding that `request` asked for, under the model's name in it."""
        ...

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and code of an error body; the message may be empty."""
        ...

    def write_error(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> bytes:
        """An error body as the vendor's own SDKs expect it."""
        ...


def floats(vector: Vector) -> tuple[float, ...]:
    """Its numbers. Raises `ValueError` when it is text that is not base64 of whole 32-bit floats."""
    if not isinstance(vector, str):
        return vector
    data = b64decode(vector, validate=True)
    if len(data) % 4:
        raise ValueError(f"{len(data)} bytes are no whole number of 32-bit floats")
    return struct.unpack(f"<{len(data) // 4}f", data)


def base64_floats(vector: Vector) -> str:
    """Base64 of its numbers as little-endian 32-bit floats."""
    if isinstance(vector, str):
        return vector
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
