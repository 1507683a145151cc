"""What became of upgrades, by route: promised, not worth it, shed, and why."""

from __future__ import annotations

from pilothouse.client.copy_counts import CopyCounts


class UpgradeCounts(CopyCounts, kw_only=True):
    """Since the start. `started` is all that were promised to a caller."""

    same_target: int = 0
    """The better target was to answer anyway."""
    unneeded: int = 0
    """Of a kind whose answers do not change."""
    given_up: int = 0
    """Promised, and there was no first answer to better."""
    changed: int = 0
    """Answered, and the answer said something else."""
    not_kept: int = 0
    """The database was away: not asked, or asked in vain."""
