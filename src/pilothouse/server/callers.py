"""Who asks: the key that came with a request, wherever its SDK puts it, and whom it belongs to."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from pilothouse.client.keyring import Holder, KeyRing
from pilothouse.core.keys import Denied
from pilothouse.core.ports import NowUs
from pilothouse.core.secret import Secret
from pilothouse.server.http import HttpRequest

MISSING = Denied(
    "unknown", "a valid key is needed: Authorization: Bearer ..., x-api-key or x-goog-api-key"
)


class Callers:
    """Knows the one key of the configuration, and the virtual keys. Open to all when there are none."""

    def __init__(
        self, now_us: NowUs, ring: KeyRing | None = None, key: Secret | None = None
    ) -> None:
        self._now_us = now_us
        self._ring = ring
        self._key = key.reveal().encode() if key else None

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask."""
        return self._key is None and not self._ring

    def find(self, http: HttpRequest) -> Holder | Denied | None:
        """The holder of a virtual key; None for the configuration's key, or where nobody needs one."""
        given = presented(http)
        if self._key is not None and hmac.compare_digest(
            given.encode("utf-8", "replace"), self._key
        ):
            return None
        if self._ring:
            return self._ring.find(given, self._now_us()) if given else MISSING
        return None if self._key is None else MISSING


def presented(http: HttpRequest) -> str:
    """The key as OpenAI's, Anthropic's (both generations) or Google's SDK sends it; empty = none."""
    headers = http.headers
    given = headers.get("authorization", "")
    if given:
        return given.removeprefix("Bearer ").removeprefix("bearer ")
    given = headers.get("x-api-key") or headers.get("x-goog-api-key") or headers.get("api-key")
    if given is None and "key=" in http.query:
        given = parse_qs(http.query).get("key", [""])[0]
    return given or ""
