"""A sample that does not change: the cases whose hashed ids are the smallest.

A case's place among them depends on its id and the seed alone, so cases that are added later push out
few, and reordering the file changes nothing (bottom-k sampling, Cohen & Kaplan 2007).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable


def rank(case_id: str, seed: int) -> int:
    """Where a case stands: the first 8 bytes of SHA-256 of seed and id."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{case_id}".encode()).digest()[:8])


def limit(case_ids: Iterable[str], size: int, seed: int) -> int:
    """The rank of the last case that is in a sample of `size`; holds `size` numbers in memory."""
    return max(heapq.nsmallest(size, (rank(case_id, seed) for case_id in case_ids)), default=-1)
