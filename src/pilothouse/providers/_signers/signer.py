"""What a signer promises."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pilothouse.core.secret import Secret


class Signer(Protocol):
    """Makes the headers that prove whose request it is."""

    async def headers(
        self, method: str, url_path_and_query: str, host: str, body: bytes, now: datetime
    ) -> dict[str, str]:
        """Headers in lower case, to be sent with exactly this request.

        `url_path_and_query` and `host` (with the port, if it is not the usual one) as they are sent; `now`
        is aware. Raises `ProviderError` (auth, provider_down) when no proof can be had.
        """
        ...

    def secrets(self) -> tuple[Secret, ...]:
        """What must be taken out of whatever comes back."""
        ...
