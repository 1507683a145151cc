"""Google's tokens: asked for with a service account, a person's login or the machine's own identity.

Kept until shortly before they end, fetched by one request at a time. HTTP is the caller's: `Fetch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from pilothouse.core.errors import ProviderError
from pilothouse.core.secret import Secret
from pilothouse.providers._signers.google_jwt import Rs256, ServiceAccount, assertion

METADATA_URL = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_EARLY_S = 225.0
"""A new token is fetched this long before the old one ends: the metadata server hands out the same
token until about four minutes before (https://cloud.google.com/compute/docs/access/authenticate-workloads)."""
_SPARE_S = 10.0
"""A token this close to its end is not sent any more."""

Fetch = Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""(method, URL, headers, body) to (status, body). Raises `ProviderError` when nothing comes back."""


class UserLogin(Struct, frozen=True, kw_only=True):
    """What `gcloud auth application-default login` wrote."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret
    token_uri: str = "https://oauth2.googleapis.com/token"


class Ask(Struct, frozen=True):
    """One request for a token."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


AskFor = Callable[[datetime], Ask]


class _Token(Struct, frozen=True):
    secret: Secret
    ends_at: datetime


class GoogleOAuth:
    """Implements `Signer`. `ask_for` makes the request for a token; `secrets` are the ones it holds."""

    def __init__(self, ask_for: AskFor, fetch: Fetch, *, secrets: tuple[Secret, ...] = ()) -> None:
        self._ask_for = ask_for
        self._fetch = fetch
        self._secrets = secrets
        self._token: _Token | None = None
        self._refreshing = asyncio.Lock()

    async def headers(
        self, method: str, url_path_and_query: str, host: str, body: bytes, now: datetime
    ) -> dict[str, str]:
        """The token; a new one where the old is about to end."""
        token = self._token
        if token is None or _left_s(token, now) < _EARLY_S:
            token = await self._renewed(now)
        return {"authorization": f"Bearer {token.secret.reveal()}"}

    def secrets(self) -> tuple[Secret, ...]:
        """What asks for tokens, and the token."""
        return self._secrets if self._token is None else (*self._secrets, self._token.secret)

    async def _renewed(self, now: datetime) -> _Token:
        """A token good at `now`. While one request fetches, others go on with the old one if it holds."""
        old = self._token
        is_good = old is not None and _left_s(old, now) > _SPARE_S
        if old is not None and is_good and self._refreshing.locked():
            return old
        async with self._refreshing:
            if self._token is not None and self._token is not old:  # somebody was faster
                return self._token
            try:
                self._token = await self._fetched(now)
            except ProviderError:
                if old is not None and is_good:
                    return old
                raise
            return self._token

    async def _fetched(self, now: datetime) -> _Token:
        ask = self._ask_for(now)
        status, body = await self._fetch(ask.method, ask.url, ask.headers, ask.body)
        try:
            answer: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            answer = {}
        if status != 200:
            raise self._refusal(status, answer)
        token, life_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(life_s, int | float):
            raise ProviderError("garbage", "Google's token answer holds no token with its lifetime")
        return _Token(Secret(token), now + timedelta(seconds=life_s))

    def _refusal(self, status: int, answer: dict[str, Any]) -> ProviderError:
        said = str(answer.get("error_description") or answer.get("error") or "no reason given")
        for secret in self._secrets:
            said = secret.scrub(said)
        kind = "provider_down" if status >= 500 or status == 429 else "auth"
        return ProviderError(
            kind, f"Google gives no token (HTTP {status}): {said[:300]}", http_status=status
        )


def with_service_account(account: ServiceAccount, sign: Rs256, fetch: Fetch) -> GoogleOAuth:
    """Tokens for a service account; `sign` from `google_jwt.rs256`."""

    def ask_for(now: datetime) -> Ask:
        form = {"grant_type": _JWT_GRANT, "assertion": assertion(account, now, sign)}
        return Ask("POST", account.token_uri, _FORM, urlencode(form).encode())

    return GoogleOAuth(ask_for, fetch, secrets=(account.private_key,))


def with_login(login: UserLogin, fetch: Fetch) -> GoogleOAuth:
    """Tokens for a person."""

    def ask_for(_now: datetime) -> Ask:
        form = {
            "grant_type": "refresh_token",
            "client_id": login.client_id,
            "client_secret": login.client_secret.reveal(),
            "refresh_token": login.refresh_token.reveal(),
        }
        return Ask("POST", login.token_uri, _FORM, urlencode(form).encode())

    return GoogleOAuth(ask_for, fetch, secrets=(login.client_secret, login.refresh_token))


def with_metadata(fetch: Fetch) -> GoogleOAuth:
    """Tokens for the machine, from the server that Compute Engine, GKE and Cloud Run put beside it."""
    ask = Ask("GET", METADATA_URL, {"metadata-flavor": "Google"})
    return GoogleOAuth(lambda _now: ask, fetch)


def _left_s(token: _Token, now: datetime) -> float:
    return (token.ends_at - now).total_seconds()
