"""AWS Signature Version 4: a request signed with a key that is never sent.

From the published description, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. Held
against the vectors of AWS's test suite and against botocore: tests/providers/signers/test_sigv4.py.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, unquote

from msgspec import Struct

from pilothouse.core.secret import Secret

_ALGORITHM = "AWS4-HMAC-SHA256"


class AwsKeys(Struct, frozen=True, kw_only=True):
    """An access key; with `token` a temporary one."""

    id: str
    secret: Secret
    token: Secret | None = None


class SigV4:
    """Implements `Signer` for one service in one region. `keys` is asked for each request."""

    def __init__(
        self, keys: Callable[[datetime], AwsKeys], *, region: str, service: str = "bedrock"
    ) -> None:
        self._keys = keys
        self._region = region
        self._service = service
        self._last: AwsKeys | None = None
        self._derived: tuple[str, Secret, bytes] | None = None

    async def headers(
        self, method: str, url_path_and_query: str, host: str, body: bytes, now: datetime
    ) -> dict[str, str]:
        """Date, token and signature."""
        keys = self._keys(now)
        self._last = keys
        day = now.astimezone(UTC).strftime("%Y%m%d")
        derived = self._derived
        if derived is None or derived[0] != day or derived[1] is not keys.secret:
            key = signing_key(keys.secret, day, self._region, self._service)
            derived = self._derived = (day, keys.secret, key)
        return signed_headers(
            keys,
            derived[2],
            scope=f"{day}/{self._region}/{self._service}/aws4_request",
            method=method,
            url_path_and_query=url_path_and_query,
            headers={"host": host},
            body=body,
            now=now,
        )

    def secrets(self) -> tuple[Secret, ...]:
        """Of the keys used last."""
        if self._last is None:
            return ()
        token = self._last.token
        return (self._last.secret,) if token is None else (self._last.secret, token)


def signing_key(secret: Secret, day: str, region: str, service: str) -> bytes:
    """The key of one day (YYYYMMDD), region and service; worth keeping."""
    key = _hmac(b"AWS4" + secret.reveal().encode(), day)
    return _hmac(_hmac(_hmac(key, region), service), "aws4_request")


def signed_headers(
    keys: AwsKeys,
    key: bytes,
    *,
    scope: str,
    method: str,
    url_path_and_query: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> dict[str, str]:
    """The headers to add. `headers` (lower case, with `host`) are sent anyway and are signed as well."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if keys.token is not None:
        added["x-amz-security-token"] = keys.token.reveal()
    signed = dict(sorted({**headers, **added}.items()))
    names = ";".join(signed)
    asked = canonical_request(method, url_path_and_query, signed, names, body)
    text = "\n".join([_ALGORITHM, stamp, scope, sha256(asked.encode()).hexdigest()])
    signature = _hmac(key, text).hex()
    added["authorization"] = (
        f"{_ALGORITHM} Credential={keys.id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return added


def canonical_request(
    method: str, url_path_and_query: str, signed: Mapping[str, str], names: str, body: bytes
) -> str:
    """The request in the one form that both sides hash. The path has no dot segments."""
    path, _, query = url_path_and_query.partition("?")
    lines = [method, quote(path or "/", safe="/~"), _canonical_query(query)]
    # The path is encoded once more than it is sent, as all services but S3 want it.
    lines += [f"{name}:{' '.join(value.split())}" for name, value in signed.items()]
    return "\n".join([*lines, "", names, sha256(body).hexdigest()])


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = [(_encoded(name), _encoded(value)) for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
