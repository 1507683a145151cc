"""A key that is sent as it is, under the header its vendor wants; or none at all."""

from __future__ import annotations

from datetime import datetime

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret

_HEADERS = {
    "bearer": ("authorization", "Bearer "),
    "x-api-key": ("x-api-key", ""),
    "x-goog-api-key": ("x-goog-api-key", ""),
    "api-key": ("api-key", ""),
}


class StaticKey:
    """Implements `Signer`. `kind` is a row's `auth`; without a key nothing is sent."""

    def __init__(self, kind: str, key: Secret | None) -> None:
        self._key = key
        self._headers: dict[str, str] = {}
        if key is not None and kind != "none":
            name, before = _HEADERS[kind]
            value = key.reveal()
            if not value.isascii() or not value.isprintable() or value != value.strip():
                raise InvalidInput(
                    "the key holds spaces around it, a line break or letters that no header may hold: "
                    "look at its variable or file"
                )
            self._headers[name] = before + value

    async def headers(
        self, method: str, url_path_and_query: str, host: str, body: bytes, now: datetime
    ) -> dict[str, str]:
        """The same for every request."""
        return self._headers

    def secrets(self) -> tuple[Secret, ...]:
        """The key."""
        return () if self._key is None else (self._key,)
