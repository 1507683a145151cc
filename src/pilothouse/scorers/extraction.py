"""Were the right things extracted? Precision, recall and F1 over a list of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._json_in import json_in
from pilothouse.scorers._words import normalised


class ExtractionScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expected` is a JSON list (of texts, or of objects), or one item a line; the answer likewise."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` when no list is expected; an empty list is one."""
        if case.expected is None:
            raise ValueError(f"case {case.id}: no list of items is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """The F1; counts in the parts."""
        wanted, got = Counter(_items(case.expected or "")), Counter(_items(given.text))
        right = sum((wanted & got).values())
        asked, said = sum(wanted.values()), sum(got.values())
        value = 1.0 if asked == said == 0 else 2 * right / (asked + said)
        missing, more = list((wanted - got).elements()), list((got - wanted).elements())
        detail = f"missing: {', '.join(missing[:5]) or 'none'}; not asked for: {', '.join(more[:5]) or 'none'}"
        parts = {"right": float(right), "wanted": float(asked), "found": float(said)}
        return Grade(value=value, detail=detail, parts=parts)

    def summary(self, grades: Sequence[Grade]) -> dict[str, float]:
        """Over all items of all answers (micro)."""
        sums = {
            name: sum([g.parts[name] for g in grades if g.parts is not None])
            for name in ("right", "wanted", "found")
        }
        right, wanted, found = sums["right"], sums["wanted"], sums["found"]
        return {
            "micro_precision": right / found if found else 0.0,
            "micro_recall": right / wanted if wanted else 0.0,
            "micro_f1": 2 * right / (wanted + found) if wanted + found else 1.0,
        }


def _items(text: str) -> list[str]:
    found: Any
    try:
        found = json_in(text)
    except ValueError:
        bare = [line.strip().lstrip("-*•").strip() for line in text.splitlines()]
        found = [line for line in bare if line]
    items = cast(list[Any], found) if isinstance(found, list) else [found]
    if isinstance(found, dict):
        values = list(cast(dict[str, Any], found).values())
        if len(values) == 1 and isinstance(values[0], list):
            items = cast(list[Any], values[0])
    return [_text(item) for item in items]


def _text(item: Any) -> str:
    if isinstance(item, str):
        return normalised(item)
    if isinstance(item, dict):
        pairs = sorted((str(k), _text(v)) for k, v in item.items())  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        return "; ".join(f"{k}: {v}" for k, v in pairs)
    return msgspec.json.encode(item).decode()


plugin = ExtractionScorer
