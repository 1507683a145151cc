"""What a classifier takes for what: precision, recall and F1 of each class, and over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct


class ClassFigures(Struct, frozen=True, kw_only=True):
    """One class. A figure without anything to divide by is 0."""

    label: str
    wanted: int
    read: int
    right: int

    @property
    def precision(self) -> float:
        """Of those read as it, the part that is."""
        return self.right / self.read if self.read else 0.0

    @property
    def recall(self) -> float:
        """Of those that are it, the part read as it."""
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = self.wanted + self.read
        return 2 * self.right / both if both else 0.0


class Confusion(Struct, frozen=True, kw_only=True):
    """Counts of (wanted, read)."""

    counts: dict[tuple[str, str], int]
    classes: tuple[ClassFigures, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All, in order."""
        return tuple([c.label for c in self.classes])

    @property
    def macro_f1(self) -> float:
        """The mean over classes that are wanted somewhere."""
        wanted = [c.f1 for c in self.classes if c.wanted]
        return sum(wanted) / len(wanted) if wanted else 0.0

    @property
    def accuracy(self) -> float:
        """Micro F1, where every item has one class."""
        total = sum(self.counts.values())
        return sum([c.right for c in self.classes]) / total if total else 0.0


def confusion(pairs: Iterable[tuple[str, str]]) -> Confusion:
    """Of (wanted, read)."""
    counts = Counter(pairs)
    wanted: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for (one, other), n in counts.items():
        wanted[one] += n
        read[other] += n
    classes = tuple(
        [
            ClassFigures(label=x, wanted=wanted[x], read=read[x], right=counts[x, x])
            for x in sorted(set(wanted) | set(read))
        ]
    )
    return Confusion(counts=dict(sorted(counts.items())), classes=classes)
