"""The signed statement by which a Google service account asks for a token.

https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LIFE_S = 3600
_GRACE_S = 10
"""Our clock may be ahead of theirs; a statement from the future is refused."""

Rs256 = Callable[[bytes], bytes]


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """What its key file says."""

    client_email: str
    private_key: Secret
    """PEM."""
    token_uri: str = "https://oauth2.googleapis.com/token"
    private_key_id: str | None = None


def assertion(account: ServiceAccount, now: datetime, sign: Rs256) -> str:
    """The statement, good for an hour, signed by `sign`."""
    issued_s = int(now.timestamp()) - _GRACE_S
    key_id = {"kid": account.private_key_id} if account.private_key_id else {}
    header = {"alg": "RS256", **key_id, "typ": "JWT"}
    claims = {
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": account.token_uri,
        "iat": issued_s,
        "exp": issued_s + _LIFE_S,
    }
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_base64(sign(signed.encode()))}"


def rs256(private_key: Secret) -> Rs256:
    """Signs with a PEM key. Raises `InvalidInput` when the extra is not installed or the key is not one."""
    try:
        serialization = import_module("cryptography.hazmat.primitives.serialization")
        hashes = import_module("cryptography.hazmat.primitives.hashes")
        padding = import_module("cryptography.hazmat.primitives.asymmetric.padding")
    except ModuleNotFoundError:
        raise InvalidInput(
            "a Google service account's key needs the extra `vertex`: pip install 'pilothouse[vertex]'"
        ) from None
    try:
        key = serialization.load_pem_private_key(private_key.reveal().encode(), password=None)
        key.sign(b"", padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("the service account's private_key is not an RSA key in PEM") from None
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
