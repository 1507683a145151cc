"""Ids that sort by time: 10 characters of milliseconds, 16 of randomness (the ULID layout).

Source: https://github.com/ulid/spec (Crockford base 32, 48-bit time, 80-bit randomness).
Pure: time and randomness come in as arguments.
"""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def time_ordered_id(at_us: int, randomness: int) -> str:
    """A 26-character id. `randomness` is used modulo 2**80; `at_us` is Unix microseconds."""
    value = ((at_us // 1000) & ((1 << 48) - 1)) << 80 | randomness & ((1 << 80) - 1)
    pairs = _PAIRS
    return "".join([pairs[value >> shift & 1023] for shift in range(120, -1, -10)])
