"""Who may administer: the admin key of the configuration, or a virtual key with the scope `admin`."""

from __future__ import annotations

import hmac

from pilothouse.client.keyring import KeyRing
from pilothouse.core.keys import Denied
from pilothouse.core.ports import NowUs
from pilothouse.core.secret import Secret

MISSING = "the admin API needs its own key: Authorization: Bearer ..."
_NOT_ADMIN = "this key may ask models, not administer: it lacks the scope admin"


class Gatekeeper:
    """Reads the Authorization header alone: no cookie, no query, so no other site can ask for a browser."""

    def __init__(self, now_us: NowUs, ring: KeyRing, key: Secret | None) -> None:
        self._now_us = now_us
        self._ring = ring
        self._key = key.reveal().encode() if key else None

    def refusal(self, authorization: str) -> tuple[int, str] | None:
        """Status and message for whoever may not; None for who may. In time that tells nothing of the key."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            return 401, MISSING
        if self._key is not None and hmac.compare_digest(
            given.encode("utf-8", "replace"), self._key
        ):
            return None
        found = self._ring.find(given, self._now_us())
        if isinstance(found, Denied):
            return 401, found.message or MISSING
        return None if "admin" in found.key.scopes else (403, _NOT_ADMIN)
