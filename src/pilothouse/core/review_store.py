"""What people said of a proof's answers, kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Review(Struct, frozen=True, kw_only=True):
    """One person's verdict on one item of a run."""

    run_id: str
    reviewer: str
    item: str
    """Case and candidates, as `prove/reviewing.py` names them."""
    verdict: str
    """pass or fail; or the better candidate's name, or tie."""
    at_us: int


class ReviewStore(Protocol):
    """Raises `StoreError`."""

    def keep(self, reviews: Sequence[Review]) -> None:
        """A later verdict of the same person replaces the first. On disk when this returns."""
        ...

    def reviews(self, run_id: str) -> list[Review]:
        """Oldest first."""
        ...
