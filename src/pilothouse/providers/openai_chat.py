"""Any server that speaks OpenAI's chat completions over HTTP: most vendors are this, as a row of data."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import ClassVar

from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.core.ports import Chunk, Reply
from pilothouse.core.request import Request
from pilothouse.core.route import Target
from pilothouse.core.secret import Secret
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.providers._config import ProviderConfig
from pilothouse.wire.pool import Pool, Response, Timeouts
from pilothouse.wire.sse import Events

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
    dialect = "openai_chat"
    is_timed = True

    def __init__(
        self, base_url: str, *, key: Secret | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._pool = Pool(base_url, timeouts or Timeouts())
        self._key = key
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        self._head = self._pool.head("POST", dialect.path, headers)

    @classmethod
    def from_config(
        cls, name: str, config: ProviderConfig, key: Secret | None
    ) -> OpenAIChatProvider:
        """From a row of `providers:`; `base_url` includes the version, e.g. `…/v1`."""
        given = {
            limit: getattr(config, limit)
            for limit in Timeouts.__struct_fields__
            if getattr(config, limit) is not None
        }
        return cls(config.base_url or "", key=key, timeouts=Timeouts(**given))

    async def complete(self, target: Target, request: Request, body: bytes) -> Reply:
        """One whole answer, the provider's bytes untouched."""
        sent = dialect.with_model(body, target.model, stream=False)
        try:
            response = await self._pool.send(self._head, sent)
            if response.status != 200:
                raise self._refusal(response)
            return Reply(response.body, dialect.read_answer(response.body))
        except ProviderError as error:
            raise self._scrubbed(error) from None

    async def stream(self, target: Target, request: Request, body: bytes) -> AsyncGenerator[Chunk]:
        """Event by event, bytes untouched. An end without the end mark is `cut`."""
        sent = dialect.with_model(body, target.model, stream=True)
        source = self._pool.stream(self._head, sent)
        try:
            async for chunk in self._chunks(source):
                yield chunk
        except ProviderError as error:
            raise self._scrubbed(error) from None
        finally:
            await source.aclose()

    async def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    async def _chunks(self, source: AsyncGenerator[bytes | Response]) -> AsyncGenerator[Chunk]:
        response = await anext(source)
        assert isinstance(response, Response)
        if response.status != 200:
            response.body = await _rest(source)
            raise self._refusal(response)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            raise ProviderError("garbage", f'a stream was asked for, "{kind[:60]}" came')
        events = Events()
        async for data in source:
            assert isinstance(data, bytes)
            for event in _whole(events, data):
                chunk = dialect.read_chunk(event)
                if chunk is None:
                    continue
                yield chunk
                if chunk.kind == "done":
                    return
        raise ProviderError("cut", "the stream ended before its end mark")

    def _refusal(self, response: Response) -> ProviderError:
        status = response.status
        message, code = dialect.read_error(response.body)
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
            retry_after_s=_retry_after_s(response.headers),
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


async def _rest(source: AsyncGenerator[bytes | Response]) -> bytes:
    parts = [data async for data in source if isinstance(data, bytes)]
    return b"".join(parts)


def _whole(events: Events, data: bytes) -> list[bytes]:
    try:
        return events.feed(data)
    except ValueError as error:
        raise ProviderError("garbage", str(error)) from None


def _retry_after_s(headers: dict[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or a numeric `retry-after`; dates are left to the caller."""
    try:
        if "retry-after-ms" in headers:
            return float(headers["retry-after-ms"]) / 1000
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None


plugin = OpenAIChatProvider
