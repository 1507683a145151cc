"""Where somebody stands in [0, 1): the one hash behind arms, weights and every other sticky choice."""

from __future__ import annotations

from hashlib import blake2b


def position(salt: str, who: str) -> float:
    """Uniform over `who` for each salt, and the same on every machine and in every release."""
    digest = blake2b(f"{salt}\0{who}".encode(errors="surrogatepass"), digest_size=8).digest()
    # 53 bits are what a float holds: with 64 the highest places would round up to 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53
