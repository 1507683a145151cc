"""One example of a test set."""

from __future__ import annotations

from msgspec import Struct


class Case(Struct, frozen=True, kw_only=True):
    """One question with what a good answer holds."""

    id: str
    prompt: str
    expected: str | None = None
    tags: tuple[str, ...] = ()
