"""Splits that keep what belongs together on one side, and are the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def place_of(group: str, salt: str = "") -> float:
    """Where a group falls in [0, 1), by its name alone."""
    digest = hashlib.sha256(f"{salt}\x1f{group}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def folds_of(groups: Sequence[str], count: int, salt: str = "fold") -> list[int]:
    """The fold of each case, 0 <= fold < `count`; nearly as many groups in each."""
    ordered = sorted(set(groups), key=lambda g: place_of(g, salt))
    fold = {group: i % count for i, group in enumerate(ordered)}
    return [fold[g] for g in groups]


def two_parts(
    groups: Sequence[str], second_share: float, salt: str = "calibrate"
) -> tuple[list[int], list[int]]:
    """Positions of the first and of the second part. Shares are of cases, as nearly as groups allow."""
    size: dict[str, int] = {}
    for group in groups:
        size[group] = size.get(group, 0) + 1
    wanted, taken = second_share * len(groups), 0
    second: set[str] = set()
    for group in sorted(size, key=lambda g: place_of(g, salt)):
        if taken + size[group] / 2 > wanted:
            break
        second.add(group)
        taken += size[group]
    rows = range(len(groups))
    return [i for i in rows if groups[i] not in second], [i for i in rows if groups[i] in second]
