"""How many tokens a question has: the question on its way, and the dialects that can ask it of a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from pilothouse.core.dialect import Written
from pilothouse.core.request import Request

_NO_HEADERS: Mapping[str, str] = {}


@runtime_checkable
class CountingDialect(Protocol):
    """What a dialect promises besides `Dialect` when its vendor counts tokens."""

    name: str

    def with_counted_model(self, body: bytes, model: str) -> bytes:
        """A body that asks for a count, for another model; every other byte of its values kept.

        Raises `BadRequest`: perhaps nobody has read it so far.
        """
        ...

    def read_count_request(self, body: bytes, *, model: str | None = None) -> Request:
        """A question without what only its answer needs. Raises `BadRequest`."""
        ...

    def write_count_request(self, request: Request) -> Written:
        """The body that asks how many tokens `request` has."""
        ...

    def read_count(self, body: bytes) -> int:
        """The vendor's answer. Raises `ProviderError` (garbage)."""
        ...

    def write_count(self, tokens: int, /) -> bytes:
        """The answer as the vendor's own SDKs expect it."""
        ...


class CountAsk:
    """One question. Passing it on in its own dialect does not read it."""

    __slots__ = ("_body", "_request", "dialect", "headers", "model")

    def __init__(
        self,
        dialect: CountingDialect,
        body: bytes,
        model: str,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        self.dialect = dialect
        self.model = model
        self.headers = headers
        """The caller's own, for the vendor's eyes (`anthropic-beta`), lower case."""
        self._body = body
        self._request: Request | None = None

    def replaced(self, request: Request) -> CountAsk:
        """The same ask with other content (a guardrail redacted it): no longer its caller's bytes."""
        body = self.dialect.write_count_request(request).body
        ask = CountAsk(self.dialect, body, self.model, self.headers)
        ask._request = request
        return ask

    @property
    def request(self) -> Request:
        """All of it, in our nouns. Raises `BadRequest`."""
        if self._request is None:
            self._request = self.dialect.read_count_request(self._body, model=self.model)
        return self._request

    def written(self, dialect: CountingDialect) -> bytes:
        """As `dialect` says it. Raises `BadRequest`."""
        if dialect is self.dialect:
            return self._body
        return dialect.write_count_request(self.request).body
