"""What upgrades taught and cost, read from the record: by kind of question, with nothing that a restart forgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from msgspec import Struct

from pilothouse.client.lessons import Lessons
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.pico import pico_usd, usd
from pilothouse.core.upgrade import CHANGED, UNNEEDED, Kind, Lesson, kind_read

MOST_LESSONS = 50_000
"""Read at once: the newest."""
_PART = 1_000_000  # of pico-dollars; a sum of them may not fit 64 bits

# Ids sort by time, and scores are kept in their order: what is older is not looked at.
_LESSONS = f"""
SELECT s.call_id, s.value, s.detail, c.route, c.tag FROM scores s JOIN calls c ON c.id = s.call_id
WHERE s.call_id >= ? AND s.scorer = '{CHANGED}' ORDER BY s.call_id DESC LIMIT ?
"""
_SUMS = f"""
SELECT c.route, COALESCE(c.tag, ''), s.detail,
  COUNT(*) FILTER (WHERE s.scorer = '{CHANGED}'),
  COUNT(*) FILTER (WHERE s.scorer = '{CHANGED}' AND s.value > 0.5),
  COUNT(*) FILTER (WHERE s.scorer = '{UNNEEDED}'),
  COUNT(c.cost_pico_usd) FILTER (WHERE s.scorer = '{CHANGED}'),
  SUM(c.cost_pico_usd / {_PART}) FILTER (WHERE s.scorer = '{CHANGED}'),
  SUM(c.cost_pico_usd % {_PART}) FILTER (WHERE s.scorer = '{CHANGED}')
FROM scores s JOIN calls c ON c.id = s.call_id
WHERE s.call_id >= ? AND s.scorer IN ('{CHANGED}', '{UNNEEDED}')
GROUP BY c.route, COALESCE(c.tag, ''), s.detail
"""
_COST = f"""
SELECT COUNT(*), COUNT(cost_pico_usd), SUM(cost_pico_usd / {_PART}), SUM(cost_pico_usd % {_PART})
FROM calls WHERE source = 'upgrade' AND at_us >= ?
"""

StopBelow = Callable[[str], float]
"""A route's `stop_below`."""


class Queryable(Protocol):
    """What is needed of a store: rows of one SELECT."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class KindRow(Struct, frozen=True, kw_only=True):
    """One kind of question since the moment asked about."""

    route: str
    target: str
    """Who is asked for the better answer."""
    tag: str
    size: str
    asked: int
    """Compared upgrades."""
    changed: int
    most_changed: float
    """The upper bound of the share that changes, by the last lessons of 30 days."""
    is_stopped: bool
    """Whether it is below the route's `stop_below`: asked no more but for a sample."""
    skipped: int
    """Not asked, because it was stopped."""
    cost_usd: Decimal | None
    """Of compared upgrades that have a price; None = none has."""
    saved_usd: Decimal | None
    """What those that were skipped would have cost, at the mean of those that were asked; None = not known."""


class UpgradeReport(Struct, frozen=True, kw_only=True):
    """Kinds, dearest first, and all upgrades together, those that failed too."""

    kinds: list[KindRow]
    calls: int
    cost_usd: Decimal | None
    not_priced: int
    saved_usd: Decimal | None


def read_lessons(store: Queryable, since_us: int) -> list[Lesson]:
    """All since then, at most the newest `MOST_LESSONS`. Raises `StoreError`."""
    rows = store.query(_LESSONS, (_id_since(since_us), MOST_LESSONS))
    return [
        Lesson(kind_read(route, tag, detail), call_id, value > 0.5)
        for call_id, value, detail, route, tag in rows
    ]


def upgrade_report(
    store: Queryable, since_us: int, lessons_since_us: int, stop_below: StopBelow
) -> UpgradeReport:
    """Sums since `since_us`; what is stopped goes by the lessons since `lessons_since_us`. Raises `StoreError`."""
    lessons = Lessons()
    lessons.add(read_lessons(store, lessons_since_us))
    found = {
        kind_read(route, tag, detail): figures
        for route, tag, detail, *figures in store.query(_SUMS, (_id_since(since_us),))
    }
    kinds = dict.fromkeys([*found, *lessons.kinds()])
    rows = [_row(k, found.get(k, (0, 0, 0, 0, None, None)), lessons, stop_below) for k in kinds]
    rows.sort(key=lambda r: (-(r.cost_usd or Decimal(0)), r.route, r.tag, r.size, r.target))
    saved = [row.saved_usd for row in rows if row.saved_usd is not None]
    [(calls, priced, high, low)] = store.query(_COST, (since_us,))
    return UpgradeReport(
        kinds=rows,
        calls=calls,
        cost_usd=_usd(priced, high, low),
        not_priced=calls - priced,
        saved_usd=sum(saved, Decimal(0)) if saved else None,
    )


def _row(kind: Kind, figures: Sequence[Any], lessons: Lessons, stop_below: StopBelow) -> KindRow:
    asked, changed, skipped, priced, high, low = figures
    cost = _usd(priced, high, low)
    saved = None if cost is None else usd(pico_usd(cost / priced * skipped))
    return KindRow(
        route=kind.route,
        target=kind.target,
        tag=kind.tag,
        size=kind.size,
        asked=asked,
        changed=changed,
        most_changed=lessons.taught(kind).most_changed,
        is_stopped=lessons.is_unneeded(kind, stop_below(kind.route)),
        skipped=skipped,
        cost_usd=cost,
        saved_usd=saved if skipped else None,
    )


def _usd(priced: int, high: Any, low: Any) -> Decimal | None:
    return usd(int(high) * _PART + int(low)) if priced else None


def _id_since(at_us: int) -> str:
    """No call made since then has a smaller id."""
    return time_ordered_id(max(at_us, 0), 0)
