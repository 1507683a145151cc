"""Scores as rows, for both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.call import Score

SCORE_COLUMNS = ("call_id", "scorer", "value", "detail", "more_json")


class _More(Struct, omit_defaults=True):
    labels: tuple[str, str] | None = None
    parts: dict[str, float] | None = None


def score_row(score: Score) -> tuple[str, str, float, str | None, str | None]:
    """In the order of `SCORE_COLUMNS`."""
    more = None
    if score.labels is not None or score.parts is not None:
        more = msgspec.json.encode(_More(score.labels, score.parts)).decode()
    return (score.call_id, score.scorer, score.value, score.detail, more)


def scores_by_call(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Score]]:
    """Rows of `SCORE_COLUMNS`, by their call."""
    found: dict[str, list[Score]] = {}
    for call_id, scorer, value, detail, more_json in rows:
        more = _More() if more_json is None else msgspec.json.decode(more_json, type=_More)
        score = Score(
            call_id=call_id,
            scorer=scorer,
            value=value,
            detail=detail,
            labels=more.labels,
            parts=more.parts,
        )
        found.setdefault(call_id, []).append(score)
    return found
