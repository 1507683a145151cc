"""Any server that speaks OpenAI's chat completions over HTTP: most vendors are this, as a row of data."""

from __future__ import annotations

from typing import ClassVar

from pilothouse.core.ask import Ask
from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.core.ports import AnswerStream, Reply
from pilothouse.core.route import Target
from pilothouse.core.secret import Secret
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.providers._config import ProviderConfig
from pilothouse.providers._sse_stream import SseStream
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool

_MOST_MESSAGE = 500
_BY_STATUS: dict[int, ErrorClass] = {
    401: "auth",
    402: "auth",
    403: "auth",
    408: "timeout",
    429: "rate_limited",
    504: "timeout",
}


class OpenAIChatProvider:
    """Implements `Provider`. The key is sent, and scrubbed from whatever comes back."""

    needs: ClassVar[tuple[str, ...]] = ("base_url",)
    is_timed = True

    def __init__(
        self, base_url: str, *, key: Secret | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._pool = Pool(base_url, timeouts or Timeouts())
        self._key = key
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        self._head = self._pool.head("POST", dialect.path("", stream=False), headers)

    @classmethod
    def from_config(
        cls, name: str, config: ProviderConfig, key: Secret | None
    ) -> OpenAIChatProvider:
        """From a row of `providers:`; `base_url` includes the version, e.g. `…/v1`."""
        given = {
            limit: getattr(config, limit)
            for limit in Timeouts.__struct_fields__
            if getattr(config, limit, None) is not None
        }
        return cls(config.base_url or "", key=key, timeouts=Timeouts(**given))

    async def complete(self, target: Target, ask: Ask) -> Reply:
        """One whole answer, the provider's bytes untouched."""
        written = ask.written(dialect)
        sent = dialect.with_model(written.body, target.model, stream=False)
        try:
            response = await self._pool.send(self._head, sent)
            if response.status != 200:
                raise self._refusal(response.status, response.headers, response.body)
            answer = dialect.read_answer(response.body)
            return Reply(response.body, answer, dialect.name, written.lost)
        except ProviderError as error:
            raise self._scrubbed(error) from None

    async def stream(self, target: Target, ask: Ask) -> AnswerStream:
        """Event by event, bytes untouched. An end without the end mark is `cut`."""
        written = ask.written(dialect)
        sent = dialect.with_model(written.body, target.model, stream=True)
        try:
            incoming = await self._pool.open(self._head, sent)
            try:
                if incoming.status != 200:
                    body = await incoming.rest()
                    raise self._refusal(incoming.status, incoming.headers, body)
                kind = incoming.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    raise ProviderError("garbage", f'a stream was asked for, "{kind[:60]}" came')
            except BaseException:
                incoming.close()
                raise
        except ProviderError as error:
            raise self._scrubbed(error) from None
        keeps = ask.dialect is not dialect or ask.envelope.wants_usage
        return SseStream(incoming, dialect, written.lost, self._scrubbed, keeps_usage=keeps)

    async def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _refusal(self, status: int, headers: dict[str, str], body: bytes) -> ProviderError:
        message, code = dialect.read_error(body)
        kind: ErrorClass
        if status in _BY_STATUS:
            kind = _BY_STATUS[status]
        elif status >= 500:
            kind = "provider_down"
        elif status >= 400:
            kind = "refused" if code == "content_filter" else "caller"
        else:
            kind = "garbage"
        return ProviderError(
            kind,
            f"HTTP {status}: {message or 'no message'}",
            http_status=status,
            retry_after_s=_retry_after_s(headers),
        )

    def _scrubbed(self, error: ProviderError) -> ProviderError:
        text = str(error)
        if self._key is not None:
            text = self._key.scrub(text)
        return ProviderError(
            error.kind,
            text[:_MOST_MESSAGE],
            http_status=error.http_status,
            retry_after_s=error.retry_after_s,
        )


def _retry_after_s(headers: dict[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or a numeric `retry-after`; dates are left to the caller."""
    try:
        if "retry-after-ms" in headers:
            return float(headers["retry-after-ms"]) / 1000
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None


plugin = OpenAIChatProvider
