"""Any vendor over HTTP, in any of the formats that its row names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import ClassVar
from urllib.parse import urlsplit

from pilothouse import registry
from pilothouse.core.ask import Ask
from pilothouse.core.counting import CountAsk, CountingDialect
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.error_class import classify
from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, Reply, Vectors
from pilothouse.core.rate_headers import RateState, read_rate
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts as RouteTimeouts
from pilothouse.core.secret import Secret
from pilothouse.providers._address import address, settings_of
from pilothouse.providers._capabilities import FormatAbilities, format_abilities
from pilothouse.providers._config import ProviderConfig
from pilothouse.providers._counting import count_body, count_formats
from pilothouse.providers._embedding import EmbeddingLine, embedding_formats
from pilothouse.providers._endpoint import Line, Sending, passed_on
from pilothouse.providers._error_body import read_error_body
from pilothouse.providers._rows import DialectName, ProviderRow
from pilothouse.providers._signers.choose import signer_for
from pilothouse.providers._sse_stream import SPLITTERS, SseStream
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool
from pilothouse.wire.proxy import proxy_for

_MOST_MESSAGE = 500
_SAME_LIMITS = RouteTimeouts()
_STREAM_TYPES = ("text/event-stream", "application/vnd.amazon.eventstream")


class HttpProvider:
    """Implements `Provider`. Keys are sent, and scrubbed from whatever comes back."""

    needs: ClassVar[tuple[str, ...]] = ()
    is_timed = True

    def __init__(
        self,
        row: ProviderRow,
        *,
        keys: Sequence[Secret] = (),
        base_url: str | None = None,
        dialect: str | None = None,
        settings: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.keys = KeyPool(max(1, len(keys)))
        self.rate: RateState | None = None
        """What the last answer said of the room that is left; None = its vendor does not say."""
        self._row = row
        self._secrets = tuple(keys)
        self._base_url = base_url
        self._only = dialect
        self._environ = os.environ if environ is None else environ
        self._settings = settings_of(row, settings or {}, self._environ)
        self._timeouts = timeouts or Timeouts()
        self._limits: dict[RouteTimeouts, Timeouts] = {_SAME_LIMITS: self._timeouts}
        self._stream_limits: dict[RouteTimeouts, Timeouts] = {_SAME_LIMITS: self._timeouts}
        self._pools: dict[str, Pool] = {}
        self._endings: dict[str, Sending] = {}
        self._embedding_lines: dict[str, EmbeddingLine] = {}
        self.has_embeddings = bool(embedding_formats(row, dialect))
        self._preferred = self._preference()
        self._sending(self._preferred)  # what is missing in the configuration is said at the start

    @classmethod
    def from_config(
        cls, name: str, config: ProviderConfig, keys: Sequence[Secret], row: ProviderRow
    ) -> HttpProvider:
        """From an entry of `providers:`. Raises `InvalidInput` with what is missing."""
        given = {
            limit: getattr(config, limit)
            for limit in Timeouts.__struct_fields__
            if getattr(config, limit) is not None
        }
        return cls(
            row,
            keys=keys,
            base_url=config.base_url,
            dialect=config.dialect,
            settings=config.settings,
            timeouts=Timeouts(**given),
        )

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        """See `Provider`."""
        return self._for(ask).body(ask, target.model, stream=ask.envelope.stream)[1]

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: RouteTimeouts = _SAME_LIMITS
    ) -> Reply:
        """One whole answer, the provider's bytes untouched."""
        sending = self._for(ask)
        body, lost = sending.body(ask, target.model, stream=False)
        try:
            head = await sending.head(ask, target.model, key, body, stream=False)
            response = await sending.pool.send(head, body, self._within(limits))
            if response.status != 200:
                raise self._refusal(response.status, response.headers, response.body)
            answer = sending.dialect.read_answer(response.body)
        except ProviderError as error:
            raise _scrubbed(error, sending) from None
        self._heed(key, response.headers)
        return Reply(response.body, answer, sending.dialect.name, lost)

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: RouteTimeouts = _SAME_LIMITS
    ) -> AnswerStream:
        """Event by event, bytes untouched. An end without the end mark is `cut`."""
        sending = self._for(ask)
        body, lost = sending.body(ask, target.model, stream=True)
        try:
            head = await sending.head(ask, target.model, key, body, stream=True)
            incoming = await sending.pool.open(head, body, self._within(limits, stream=True))
            try:
                if incoming.status != 200:
                    said = await incoming.rest()
                    raise self._refusal(incoming.status, incoming.headers, said)
                kind = incoming.headers.get("content-type", "")
                if not kind.startswith(_STREAM_TYPES):
                    told = sending.scrub(kind)[:60]  # in this order: no part of a key stays
                    raise ProviderError("garbage", f'a stream was asked for, "{told}" came')
            except BaseException:
                incoming.close()
                raise
        except ProviderError as error:
            raise _scrubbed(error, sending) from None
        self._heed(key, incoming.headers)
        return SseStream(
            incoming,
            sending.dialect,
            lost,
            lambda error: _scrubbed(error, sending),
            keeps_usage=ask.dialect is not sending.dialect or ask.envelope.wants_usage,
            splitter=SPLITTERS[sending.framing],
        )

    def embedding_losses(self, target: Target, ask: EmbeddingAsk) -> tuple[str, ...]:
        """See `Embedder`."""
        return self._embedding_line(ask).body(ask, target.model)[1]

    async def embed(
        self, target: Target, ask: EmbeddingAsk, key: int = 0, limits: RouteTimeouts = _SAME_LIMITS
    ) -> Vectors:
        """A vector for each input, the provider's bytes untouched."""
        line = self._embedding_line(ask)
        body, lost = line.body(ask, target.model)
        path = line.path(ask, target.model)
        said = await self._posted(line, path, body, key, limits)
        try:
            return line.vectors(ask, said, lost)
        except ProviderError as error:
            raise _scrubbed(error, line) from None

    async def count(
        self, target: Target, ask: CountAsk, key: int = 0, limits: RouteTimeouts = _SAME_LIMITS
    ) -> int | None:
        """Input tokens as the vendor counts them, asked in the caller's own format where it can be."""
        formats = count_formats(self._row, self._only)
        if not formats:
            return None
        own = ask.dialect.name
        line = self._sending(own if own in formats else formats[0])
        dialect: CountingDialect = registry.plugin("dialects", line.dialect.name)
        body = count_body(line, dialect, ask, target.model)
        path = line.address.count_path_for(self._row.model_id(target.model))
        assert path is not None
        extra = passed_on(ask.headers) if dialect is ask.dialect else None
        said = await self._posted(line, path, body, key, limits, extra)
        try:
            return dialect.read_count(said)
        except ProviderError as error:
            raise _scrubbed(error, line) from None

    def formats(self) -> list[FormatAbilities]:
        """What it does in each format that it may be asked in; `provider` is left empty."""
        found = format_abilities("", self._row)
        return [one for one in found if self._only in (None, one.dialect)]

    async def close(self) -> None:
        """Close idle connections."""
        for pool in self._pools.values():
            pool.close()

    def _preference(self) -> str:
        """The format for requests that came in a format this provider does not speak."""
        if self._only is not None:
            return self._only
        return next(name for name in self._row.endpoints if not name.endswith("_embeddings"))

    def _for(self, ask: Ask) -> Sending:
        """The caller's own format where the provider speaks it: then bytes pass through."""
        own = ask.dialect.name if ask.dialect is not None else None
        if own is not None and self._only is None and own in self._row.endpoints:
            return self._sending(own)
        return self._sending(self._preferred)

    def _sending(self, name: str) -> Sending:
        found = self._endings.get(name)
        if found is None:
            found = self._endings[name] = self._opened(name)  # pyright: ignore[reportArgumentType]
        return found

    def _opened(self, name: DialectName) -> Sending:
        return Sending(registry.plugin("dialects", name), self._line(name))

    def _embedding_line(self, ask: EmbeddingAsk) -> EmbeddingLine:
        """The caller's own format where the provider speaks it."""
        formats = embedding_formats(self._row, self._only)
        if not formats:
            raise ProviderError("caller", f"{self._row.title} makes no embeddings", http_status=400)
        own = ask.dialect.name
        name: DialectName = formats[0] if own not in formats else own  # pyright: ignore[reportAssignmentType]
        found = self._embedding_lines.get(name)
        if found is None:
            dialect = registry.plugin("dialects", name)
            found = self._embedding_lines[name] = EmbeddingLine(dialect, self._line(name))
        return found

    def _pool(self, base_url: str) -> Pool:
        found = self._pools.get(base_url)
        if found is None:
            proxy = proxy_for(base_url, self._environ)
            found = self._pools[base_url] = Pool(base_url, self._timeouts, proxy=proxy)
        return found

    def _line(self, name: DialectName) -> Line:
        row = self._row
        where = address(row, name, self._settings, self._base_url)
        pool = self._pool(where.base_url)
        signers = [
            signer_for(
                row,
                name,
                key=key,
                settings=self._settings,
                environ=self._environ,
                fetch=self._fetch,
            )
            for key in self._secrets or (None,)
        ]
        return Line(row, row.endpoints[name], where, signers, pool)

    async def _posted(
        self,
        line: Line,
        path: str,
        body: bytes,
        key: int,
        limits: RouteTimeouts,
        extra: Mapping[str, str] | None = None,
    ) -> bytes:
        """What a whole answer says."""
        try:
            head = await line.head_to(path, key, body, extra)
            response = await line.pool.send(head, body, self._within(limits))
            if response.status != 200:
                raise self._refusal(response.status, response.headers, response.body)
        except ProviderError as error:
            raise _scrubbed(error, line) from None
        self._heed(key, response.headers)
        return response.body

    def _within(self, limits: RouteTimeouts, *, stream: bool = False) -> Timeouts:
        known = self._stream_limits if stream else self._limits
        found = known.get(limits)
        if found is None:
            found = known[limits] = _merged(self._timeouts, limits, stream=stream)
        return found

    def _heed(self, key: int, headers: Mapping[str, str]) -> None:
        """A vendor that says "nothing left until then" need not be asked to say no."""
        names = self._row.rate
        left = headers.get(names.remaining_requests or "")
        if left is None and headers.get(names.remaining_tokens or "") is None:
            return
        self.rate = state = read_rate(headers, names, datetime.now(UTC))
        if state.reset_s:
            self.keys.limited(key, monotonic(), state.reset_s)

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        message, code = read_error_body(body, self._row.error_body, headers)
        kind = classify(status, code, message[:_MOST_MESSAGE], self._row.errors)
        is_limited = kind == "rate_limited"
        state = read_rate(headers, self._row.rate, datetime.now(UTC), is_limited=is_limited)
        return ProviderError(
            kind,
            f"HTTP {status}: {message or 'no message'}",
            http_status=status,
            retry_after_s=state.wait_s if is_limited else state.retry_after_s,
        )

    async def _fetch(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """For signers that ask somebody for a token."""
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        pool = self._pool(base)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        response = await pool.send(pool.head(method, path, dict(headers)), body)
        return response.status, response.body


def _merged(own: Timeouts, route: RouteTimeouts, *, stream: bool) -> Timeouts:
    def either(given: float | None, ours: float) -> float:
        return ours if given is None else given

    # The first byte of a stream comes before its first token, that of a whole answer after its last one.
    longer_s = max(own.first_byte_s, route.first_token_s or 0.0)
    return Timeouts(
        connect_s=either(route.connect_s, own.connect_s),
        first_byte_s=either(route.first_token_s, own.first_byte_s) if stream else longer_s,
        first_token_s=either(route.first_token_s, own.first_token_s),
        between_s=either(route.between_tokens_s, own.between_s),
        total_s=either(route.total_s, own.total_s),
    )


def _scrubbed(error: ProviderError, line: Line) -> ProviderError:
    return ProviderError(
        error.kind,
        line.scrub(str(error))[:_MOST_MESSAGE],
        http_status=error.http_status,
        retry_after_s=error.retry_after_s,
    )


plugin = HttpProvider
