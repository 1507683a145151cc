"""Where somebody stands in [0, 1): the one hash behind arms, weights and every other sticky choice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

_64_BITS = 2**64 - 1


def position(salt: str, who: str) -> float:
    """Uniform over `who` for each salt, and the same on every machine and in every release."""
    # 53 bits are what a float holds: with 64 the highest places would round up to 1.
    return (_hashed(f"{salt}\0{who}") >> 11) / 2**53


def draw(request_id: str) -> float:
    """A place in [0, 1) for a request: its id is random already, so a checksum of it is enough."""
    return crc32(request_id.encode(errors="surrogatepass")) / 2**32


def positions(salt: str, who: str, names: Sequence[str]) -> list[float]:
    """One for each name, independent of each other and of the other names there are.

    One real hash for `who` and a remembered one for each name, mixed: several real ones would cost several
    times as much. The mixing is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    hashed = _hashed(f"{salt}\0{who}")
    places: list[float] = []
    for name in names:
        mixed = hashed ^ _seed(name)
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _64_BITS
        places.append(((mixed ^ mixed >> 31) >> 11) / 2**53)
    return places


def _hashed(text: str) -> int:
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


@lru_cache(maxsize=4096)
def _seed(name: str) -> int:
    return _hashed(name)
