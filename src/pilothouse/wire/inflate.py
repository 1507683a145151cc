"""Compressed answers, from servers that compress although we ask them not to; bounded."""

from __future__ import annotations

import zlib

from pilothouse.core.errors import ProviderError

_GZIP_OR_ZLIB = 47
"""zlib's window bits for "either header, detected"."""


class Inflate:
    """gzip or deflate, fed as it comes. At most `most` bytes come out: a bomb is `garbage`."""

    def __init__(self, most: int) -> None:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._left = most

    def feed(self, data: bytes) -> bytes:
        """What `data` holds. Raises `ProviderError`."""
        try:
            plain = self._stream.decompress(data, self._left + 1)
        except zlib.error as error:
            raise ProviderError(
                "garbage", f"an answer that is not the gzip it says: {error}"
            ) from None
        self._left -= len(plain)
        if self._left < 0:
            raise ProviderError("garbage", "a compressed answer that is too large when opened")
        return plain


def inflater(headers: dict[str, str], most: int) -> Inflate | None:
    """For an answer with these headers; None when it is not compressed.

    Raises `ProviderError` for a coding we did not ask for and cannot read.
    """
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflate(most)
    # Uncut: whoever knows the secrets takes them out first.
    raise ProviderError("garbage", f'an answer in the coding "{coding}", which was not asked for')
