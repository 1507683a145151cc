"""A sample of live questions, kept so that a proof or a weekly regression asks what users really ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Sample(Struct, frozen=True, kw_only=True):
    """One question, personal data taken out. `body` is an OpenAI chat body."""

    request_id: str
    at_us: int
    route: str
    tag: str | None = None
    body: bytes


class SampleStore(Protocol):
    """Raises `StoreError`."""

    def keep(self, samples: Sequence[Sample], most: int) -> None:
        """Add them; the oldest beyond `most` of a route go."""
        ...

    def samples(self, route: str | None, since_us: int, until_us: int) -> list[Sample]:
        """Oldest first."""
        ...

    def forget(self, route: str | None, until_us: int) -> int:
        """Delete those before then; how many they were."""
        ...
