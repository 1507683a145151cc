"""A webhook's signature: HMAC-SHA256 over the time and the body, so that neither can be changed or replayed."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac

from pilothouse.core.secret import Secret

HEADER = "pilothouse-signature"


def signature(secret: Secret, at_s: int, body: bytes) -> str:
    """The header's value: `t=<Unix seconds>,v1=<hex>`; signed is `<t>.<body>`."""
    return f"t={at_s},v1={_digest(secret, at_s, body)}"


def is_genuine(
    secret: Secret, header: str, body: bytes, now_s: int, *, tolerance_s: int = 300
) -> bool:
    """Whether we sent `body`, and lately: what a receiver asks before it believes."""
    fields: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    at = fields.get("t", "")
    if not (at.isascii() and at.isdigit()) or abs(now_s - int(at)) > tolerance_s:
        return False
    return compare_digest(_digest(secret, int(at), body).encode(), fields.get("v1", "").encode())


def _digest(secret: Secret, at_s: int, body: bytes) -> str:
    return hmac(secret.reveal().encode(), b"%d." % at_s + body, sha256).hexdigest()
