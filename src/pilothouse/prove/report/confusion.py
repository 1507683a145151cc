"""Which label was wanted and which was read, where the scorer gives labels: in the order a reader wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pilothouse.core.stats.confusion import confusion as counted
from pilothouse.prove.report.answers import Answers

MOST_LABELS = 20
"""More make no table that a person reads: the rarest are put together."""
OTHER = "(other)"


class LabelFigures(Struct, frozen=True, kw_only=True):
    """One label. None = nothing was read, or nothing was wanted, as this label."""

    label: str
    wanted: int
    precision: float | None
    recall: float | None
    f1: float


class ConfusionTable(Struct, frozen=True, kw_only=True):
    """Rows are wanted, columns are read; labels from the most wanted to the least."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    classes: tuple[LabelFigures, ...]
    """Of the labels that are named."""
    macro_f1: float
    """Over all labels that were wanted, those put together as `(other)` one by one."""
    micro_f1: float


def label_order(candidates: Sequence[Answers]) -> dict[str, int]:
    """How often each label was wanted of all candidates: what puts their tables in one order."""
    wanted: Counter[str] = Counter()
    for answers in candidates:
        wanted.update(o.labels[0] for o in answers.outcomes if o.labels is not None)
    return dict(wanted)


def confusion_table(answers: Answers, order: Mapping[str, int]) -> ConfusionTable | None:
    """None when no answer has labels. `order` is of `label_order`."""
    found = counted(o.labels for o in answers.outcomes if o.labels is not None)
    if not found.counts:
        return None
    every = sorted(found.classes, key=lambda c: (-order.get(c.label, 0), c.label))
    named = every if len(every) <= MOST_LABELS else every[: MOST_LABELS - 1]
    labels = [c.label for c in named] + ([OTHER] if len(named) < len(every) else [])
    place = {c.label: i for i, c in enumerate(named)}
    table = [[0] * len(labels) for _ in labels]
    for (wanted, read), count in found.counts.items():
        table[place.get(wanted, -1)][place.get(read, -1)] += count
    return ConfusionTable(
        labels=tuple(labels),
        counts=tuple(tuple(row) for row in table),
        classes=tuple(
            LabelFigures(
                label=c.label,
                wanted=c.wanted,
                precision=c.precision if c.read else None,
                recall=c.recall if c.wanted else None,
                f1=c.f1,
            )
            for c in named
        ),
        macro_f1=found.macro_f1,
        micro_f1=found.accuracy,
    )
