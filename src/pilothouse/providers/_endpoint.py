"""One format at one provider: where requests in it go, how they are signed, and their fixed heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pilothouse.core.ask import Ask
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import PilothouseError, ProviderError
from pilothouse.providers._address import Address
from pilothouse.providers._fit import fitted
from pilothouse.providers._rows import Endpoint, ProviderRow
from pilothouse.providers._signers.signer import Signer
from pilothouse.providers._signers.static_key import StaticKey
from pilothouse.wire.pool import Pool

PASSED_ON = frozenset({"anthropic-beta", "openai-beta"})
"""A caller's headers that are meant for the vendor, within one dialect."""
_MOST_HEADS = 10_000


class Sending:
    """An endpoint ready to send. `signers`: one for each of the provider's keys."""

    def __init__(
        self,
        row: ProviderRow,
        endpoint: Endpoint,
        dialect: Dialect,
        address: Address,
        signers: Sequence[Signer],
        pool: Pool,
    ) -> None:
        self.dialect = dialect
        self.pool = pool
        self.framing = endpoint.framing
        self._row = row
        self._endpoint = endpoint
        self._address = address
        self._signers = signers
        self._fixed = {
            "content-type": "application/json",
            "accept-encoding": "identity",
            **row.headers,
            **endpoint.headers,
        }
        self._heads: dict[tuple[str, int], bytes] = {}

    def body(self, ask: Ask, model: str, *, stream: bool) -> tuple[bytes, tuple[str, ...]]:
        """What is sent, and what of the request could not be said. Raises `ProviderError` (caller)."""
        try:
            written = ask.written(self.dialect)
            body = self.dialect.with_model(written.body, self._row.model_id(model), stream=stream)
            body, dropped = fitted(body, self._endpoint)
        except ProviderError:
            raise
        except PilothouseError as error:
            raise ProviderError("caller", str(error), http_status=400) from None
        lost = (*written.lost, *dropped) if dropped else written.lost
        if lost and ask.is_strict:
            message = f"{self._row.title} cannot be told: {', '.join(lost)[:400]}"
            raise ProviderError("caller", message, http_status=422)
        return body, lost

    async def head(self, ask: Ask, model: str, key: int, body: bytes, *, stream: bool) -> bytes:
        """The request's head but for its length."""
        path = self._address.path_for(self._row.model_id(model), stream=stream)
        signer = self._signers[key]
        extra = {n: v for n, v in ask.headers.items() if n in PASSED_ON} if ask.headers else None
        if not isinstance(signer, StaticKey) or (extra and ask.dialect is self.dialect):
            return await self._signed(path, signer, body, extra or {})
        head = self._heads.get((path, key))
        if head is None:
            if len(self._heads) > _MOST_HEADS:
                self._heads.clear()
            head = self._heads[path, key] = await self._signed(path, signer, body, {})
        return head

    def scrub(self, text: str) -> str:
        """`text` without anything secret of ours."""
        for signer in self._signers:
            for secret in signer.secrets():
                text = secret.scrub(text)
        return text

    async def _signed(
        self, path: str, signer: Signer, body: bytes, extra: Mapping[str, str]
    ) -> bytes:
        whole = self.pool.path + path
        proof = await signer.headers("POST", whole, self.pool.host, body, datetime.now(UTC))
        return self.pool.head("POST", path, {**self._fixed, **extra, **proof})
