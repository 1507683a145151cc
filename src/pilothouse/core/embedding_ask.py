"""Texts on their way to become vectors: as their caller wrote them, and as each dialect says them."""

from __future__ import annotations

from msgspec.structs import replace

from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.embedding import EmbeddingDialect, EmbeddingRequest


class EmbeddingAsk:
    """One request. Passing it on in its own dialect reads no more of it than its envelope.

    `is_single`: it came to an address for one input alone, which answers in a shape of its own.
    """

    __slots__ = ("_body", "_is_single", "_request", "_written", "dialect", "envelope")

    def __init__(
        self,
        dialect: EmbeddingDialect,
        body: bytes,
        envelope: Envelope,
        *,
        is_single: bool = False,
    ) -> None:
        self.dialect = dialect
        self.envelope = replace(envelope, max_output_tokens=0)
        """Vectors are no output tokens, so none are held for them."""
        self._body = body
        self._is_single = is_single
        self._request: EmbeddingRequest | None = None
        self._written: dict[str, Written] = {}

    def replaced(self, request: EmbeddingRequest) -> EmbeddingAsk:
        """The same ask with other texts (a guardrail redacted them): no longer its caller's bytes."""
        body = self.dialect.write_request(request).body
        ask = EmbeddingAsk(self.dialect, body, self.envelope, is_single=self._is_single)
        ask._request = request
        return ask

    @property
    def size(self) -> int:
        """Bytes of the body as it came."""
        return len(self._body)

    @property
    def request(self) -> EmbeddingRequest:
        """All of it, in our nouns. Raises `BadRequest`."""
        if self._request is None:
            self._request = self.dialect.read_request(self._body, model=self.envelope.model)
        return self._request

    def is_single(self, dialect: EmbeddingDialect) -> bool:
        """Whether `written(dialect)` is one input outside of any list. Raises `BadRequest`."""
        if dialect is self.dialect:
            return self._is_single
        return self.request.is_single and len(self.request.inputs) == 1

    def written(self, dialect: EmbeddingDialect) -> Written:
        """As `dialect` says it. Raises `BadRequest`."""
        if dialect is self.dialect:
            return Written(self._body)
        found = self._written.get(dialect.name)
        if found is None:
            found = self._written[dialect.name] = dialect.write_request(self.request)
        return found
