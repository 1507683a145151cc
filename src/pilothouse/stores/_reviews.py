"""People's verdicts, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.review_store import Review
from pilothouse.stores._job_rows import Executes, Write
from pilothouse.stores._keys import Query

_COLUMNS = ", ".join(Review.__struct_fields__)
_KEEP = (
    f"INSERT INTO reviews ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (run_id, reviewer, item) "
    "DO UPDATE SET verdict = excluded.verdict, at_us = excluded.at_us"
)


class ReviewTable:
    """Implements `ReviewStore` on the connections of a store."""

    def __init__(self, write: Write, query: Query) -> None:
        self._write = write
        self._query = query

    def keep(self, reviews: Sequence[Review]) -> None:
        """A later verdict of the same person replaces the first."""

        def work(db: Executes) -> None:
            for r in reviews:
                db.execute(_KEEP, (r.run_id, r.reviewer, r.item, r.verdict, r.at_us))

        self._write(work)

    def reviews(self, run_id: str) -> list[Review]:
        """Oldest first."""
        sql = f"SELECT {_COLUMNS} FROM reviews WHERE run_id = ? ORDER BY at_us, reviewer, item"
        return [
            Review(run_id=run, reviewer=who, item=item, verdict=verdict, at_us=at_us)
            for run, who, item, verdict, at_us in self._query(sql, (run_id,))
        ]
