"""Which class did the answer name? With a confusion matrix, and F1 over all answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.core.stats.confusion import confusion
from pilothouse.scorers._words import normalised

NONE = "no label"
SEVERAL = "several labels"


class ClassificationScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The only one of `labels` that the answer names; its whole text, where no label is inside it."""

    labels: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]] = {}
    """Label to other words for it."""
    take: str = "only"
    """`only`: several different labels are none; `first` or `last`: that one."""

    def __post_init__(self) -> None:
        if not self.labels:
            raise ValueError("labels: name the classes")
        if unknown := [name for name in self.aliases if name not in self.labels]:
            raise ValueError(f'aliases: "{unknown[0]}" is none of the labels')
        if self.take not in ("only", "first", "last"):
            raise ValueError(f'take: "{self.take}" is none of only, first, last')

    def check(self, case: Case) -> None:
        """Raises `ValueError` unless the expected text is one of the labels."""
        if self._label(case.expected or "") is None:
            raise ValueError(
                f'case {case.id}: expected "{case.expected}" is none of the labels {", ".join(self.labels)}'
            )

    def score(self, given: Given, case: Case) -> Grade:
        """(wanted, read) too."""
        wanted = self._label(case.expected or "") or ""
        read = self._read(given.text)
        return Grade(value=float(read == wanted), detail=read, labels=(wanted, read))

    def summary(self, grades: Sequence[Grade]) -> dict[str, float]:
        """Macro F1, and each class's precision, recall and F1."""
        found = confusion([g.labels for g in grades if g.labels is not None])
        figures = {"macro_f1": found.macro_f1, "accuracy": found.accuracy}
        for one in found.classes:
            if one.wanted:
                figures[f"precision[{one.label}]"] = one.precision
                figures[f"recall[{one.label}]"] = one.recall
                figures[f"f1[{one.label}]"] = one.f1
        return figures

    def _label(self, text: str) -> str | None:
        said = normalised(text)
        for label in self.labels:
            if said in (normalised(label), *(normalised(a) for a in self.aliases.get(label, ()))):
                return label
        return None

    def _read(self, text: str) -> str:
        whole = self._label(text)
        if whole is not None:
            return whole
        names = {w: label for label in self.labels for w in (label, *self.aliases.get(label, ()))}
        found = [names[m] for m in _found(tuple(names), normalised(text))]
        if not found:
            return NONE
        if self.take == "only":
            return found[0] if len(set(found)) == 1 else SEVERAL
        return found[0] if self.take == "first" else found[-1]


def _found(names: tuple[str, ...], text: str) -> list[str]:
    by_words = {normalised(name): name for name in names}
    return [by_words[m[0]] for m in _pattern(tuple(by_words)).finditer(text)]


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted((w for w in words if w), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


plugin = ClassificationScorer
