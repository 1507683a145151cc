"""What became of shadow copies, by route: made, shed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pilothouse.client.copy_counts import CopyCounts, summed


class ShadowCounts(CopyCounts, kw_only=True):
    """Since the start. `requests` is all that a route with shadows answered. From `full` on, each target's
    copy counts by itself."""


def summed_shadows(parts: Iterable[Mapping[str, ShadowCounts]]) -> dict[str, ShadowCounts]:
    """Several workers' counts together, by route."""
    return summed(ShadowCounts, parts)
