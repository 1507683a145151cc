"""A request on its way: as its caller wrote it, and as each dialect says it, each made when asked for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from pilothouse.core.dialect import Dialect, Envelope, Written
from pilothouse.core.request import Request

_NO_HEADERS: Mapping[str, str] = {}


class Ask:
    """One request. Passing it on in its own dialect reads no more of it than its envelope."""

    __slots__ = ("_body", "_request", "_written", "dialect", "envelope", "headers")

    def __init__(
        self,
        dialect: Dialect | None,
        body: bytes,
        envelope: Envelope,
        *,
        request: Request | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        self.dialect = dialect
        """None = made here, in no dialect."""
        self.envelope = envelope
        self.headers = headers
        """The caller's own, for the vendor's eyes (`anthropic-beta`), lower case."""
        self._body = body
        self._request = request
        self._written: dict[str, Written] | None = None

    @classmethod
    def of_request(cls, request: Request) -> Ask:
        """A request made here."""
        envelope = Envelope(
            model=request.model,
            stream=request.stream,
            max_output_tokens=request.max_output_tokens,
            n=request.n or 1,
            subject=request.subject,
        )
        return cls(None, b"", envelope, request=request)

    @property
    def size(self) -> int:
        """Bytes of the body as it came; 0 when it was made here."""
        return len(self._body)

    @property
    def request(self) -> Request:
        """All of it, in our nouns. Raises `BadRequest`."""
        if self._request is None:
            assert self.dialect is not None
            envelope = self.envelope
            self._request = self.dialect.read_request(
                self._body, model=envelope.model, stream=envelope.stream
            )
        return self._request

    def replaced(self, request: Request) -> Ask:
        """The same ask with other content (a guardrail redacted it): no longer its caller's bytes."""
        envelope = self.envelope
        if request.stream != envelope.stream:
            envelope = structs.replace(envelope, stream=request.stream)
        ask = Ask(self.dialect, self._body, envelope, request=request, headers=self.headers)
        ask._written = {}
        return ask

    def written(self, dialect: Dialect) -> Written:
        """As `dialect` says it. Raises `BadRequest`."""
        if self._written is None:
            if self.dialect is dialect:
                return Written(self._body)
            self._written = {}
        found = self._written.get(dialect.name)
        if found is None:
            found = self._written[dialect.name] = dialect.write_request(self.request)
        return found
