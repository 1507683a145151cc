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


class Line:
    """An endpoint ready to send, whatever is said on it. `signers`: one for each of the provider's keys."""

    def __init__(
        self,
        row: ProviderRow,
        endpoint: Endpoint,
        address: Address,
        signers: Sequence[Signer],
        pool: Pool,
    ) -> None:
        self.pool = pool
        self.endpoint = endpoint
        self.address = address
        self.row = row
        self.signers = signers
        self._fixed = {
            "content-type": "application/json",
            "accept-encoding": "identity",
            **row.headers,
            **endpoint.headers,
        }
        self._heads: dict[tuple[str, int], bytes] = {}

    async def head_to(
        self, path: str, key: int, body: bytes, extra: Mapping[str, str] | None = None
    ) -> bytes:
        """A request's head but for its length, with `extra` headers; made once for each path where there
        are none and the signer allows it."""
        signer = self.signers[key]
        if extra or not isinstance(signer, StaticKey):
            return await self._signed(path, signer, body, extra or {})
        head = self._heads.get((path, key))
        if head is None:
            if len(self._heads) > _MOST_HEADS:
                self._heads.clear()
            head = self._heads[path, key] = await self._signed(path, signer, body, {})
        return head

    def scrub(self, text: str) -> str:
        """`text` without anything secret of ours."""
        for signer in self.signers:
            for secret in signer.secrets():
                text = secret.scrub(text)
        return text

    async def _signed(
        self, path: str, signer: Signer, body: bytes, extra: Mapping[str, str]
    ) -> bytes:
        whole = self.pool.path + path
        proof = await signer.headers("POST", whole, self.pool.host, body, datetime.now(UTC))
        return self.pool.head("POST", path, {**self._fixed, **extra, **proof})


class Sending(Line):
    """One on which questions are asked and answered."""

    def __init__(self, dialect: Dialect, line: Line) -> None:
        super().__init__(line.row, line.endpoint, line.address, line.signers, line.pool)
        self.dialect = dialect
        self.framing = line.endpoint.framing

    def body(self, ask: Ask, model: str, *, stream: bool) -> tuple[bytes, tuple[str, ...]]:
        """What is sent, and what of the request could not be said. Raises `ProviderError` (caller)."""
        try:
            written = ask.written(self.dialect)
            body = self.dialect.with_model(written.body, self.row.model_id(model), stream=stream)
            body, dropped = fitted(body, self.endpoint)
        except PilothouseError as error:
            raise at_fault(error) from None
        return body, (*written.lost, *dropped) if dropped else written.lost

    async def head(self, ask: Ask, model: str, key: int, body: bytes, *, stream: bool) -> bytes:
        """The request's head but for its length."""
        path = self.address.path_for(self.row.model_id(model), stream=stream)
        if ask.headers and ask.dialect is self.dialect:
            return await self.head_to(path, key, body, passed_on(ask.headers))
        return await self.head_to(path, key, body)


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a caller's headers that its vendor is to see."""
    return {name: value for name, value in headers.items() if name in PASSED_ON}


def at_fault(error: PilothouseError) -> ProviderError:
    """What cannot be said to a provider, as the failure of an attempt: its caller's."""
    if isinstance(error, ProviderError):
        return error
    return ProviderError("caller", str(error), http_status=400)
