"""Which label was wanted and which was read, where the scorer gives labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pilothouse.prove.report.answers import Answers

MOST_LABELS = 20
"""More make no table that a person reads: the rarest are put together."""
OTHER = "(other)"


class ClassFigures(Struct, frozen=True, kw_only=True):
    """One label. None = nothing was read, or nothing was wanted, as this label."""

    label: str
    wanted: int
    precision: float | None
    recall: float | None
    f1: float | None


class Confusion(Struct, frozen=True, kw_only=True):
    """Rows are wanted, columns are read; labels from the most wanted to the least."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    classes: tuple[ClassFigures, ...]
    macro_f1: float
    """Over all labels, those put together as `(other)` one by one."""
    micro_f1: float


def label_order(candidates: Sequence[Answers]) -> dict[str, int]:
    """How often each label was wanted of all candidates: what puts their tables in one order."""
    wanted: Counter[str] = Counter()
    for answers in candidates:
        wanted.update(o.labels[0] for o in answers.outcomes if o.labels is not None)
    return dict(wanted)


def confusion(answers: Answers, order: Mapping[str, int]) -> Confusion | None:
    """None when no answer has labels. `order` is of `label_order`."""
    pairs = Counter(o.labels for o in answers.outcomes if o.labels is not None)
    if not pairs:
        return None
    wanted: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for (want, got), count in pairs.items():
        wanted[want] += count
        read[got] += count
    every = sorted({*wanted, *read}, key=lambda label: (-order.get(label, 0), label))
    figures = [_class(label, pairs, wanted, read) for label in every]
    named = every if len(every) <= MOST_LABELS else every[: MOST_LABELS - 1]
    labels = tuple(named) if len(named) == len(every) else (*named, OTHER)
    place = {label: i for i, label in enumerate(named)}
    table = [[0] * len(labels) for _ in labels]
    for (want, got), count in pairs.items():
        table[place.get(want, -1)][place.get(got, -1)] += count
    scored = [f.f1 or 0.0 for f in figures if f.wanted]
    right = sum(count for (want, got), count in pairs.items() if want == got)
    return Confusion(
        labels=labels,
        counts=tuple(tuple(row) for row in table),
        classes=tuple(figures[: len(named)]),
        macro_f1=sum(scored) / len(scored),
        micro_f1=right / pairs.total(),
    )


def _class(
    label: str, pairs: Counter[tuple[str, str]], wanted: Counter[str], read: Counter[str]
) -> ClassFigures:
    hits = pairs[label, label]
    precision = hits / read[label] if read[label] else None
    recall = hits / wanted[label] if wanted[label] else None
    return ClassFigures(
        label=label,
        wanted=wanted[label],
        precision=precision,
        recall=recall,
        f1=2 * hits / (wanted[label] + read[label]),
    )
