"""Ids that sort by time: 10 characters of milliseconds, 16 of randomness (the ULID layout).

Source: https://github.com/ulid/spec (Crockford base 32, 48-bit time, 80-bit randomness).
Pure: time and randomness come in as arguments.
"""

from __future__ import annotations

from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def time_ordered_id(at_us: int, randomness: int) -> str:
    """A 26-character id. `randomness` is used modulo 2**80; `at_us` is Unix microseconds."""
    high, low = (
        randomness >> 40,
        randomness & 0xFFFFFFFFFF,
    )  # two machine words are quicker to cut than one long one
    pairs = _PAIRS
    return _time_part(at_us // 1000) + "".join(
        [
            pairs[high >> 30 & 1023],
            pairs[high >> 20 & 1023],
            pairs[high >> 10 & 1023],
            pairs[high & 1023],
            pairs[low >> 30 & 1023],
            pairs[low >> 20 & 1023],
            pairs[low >> 10 & 1023],
            pairs[low & 1023],
        ]
    )


@lru_cache(maxsize=16)
def _time_part(at_ms: int) -> str:
    """Ten characters for 48 bits of milliseconds (the first two bits are always 0)."""
    return "".join([_PAIRS[at_ms >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
