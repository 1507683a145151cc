"""Sampled live questions, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.sample_store import Sample
from pilothouse.stores._job_rows import Executes, Write
from pilothouse.stores._keys import Query

_COLUMNS = ", ".join(Sample.__struct_fields__)
_KEEP = f"INSERT INTO samples ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_TRIM = (
    "DELETE FROM samples WHERE route = ? AND request_id IN "
    "(SELECT request_id FROM samples WHERE route = ? ORDER BY at_us DESC, request_id DESC LIMIT ? OFFSET ?)"
)
_ALL = 1_000_000_000


class SampleTable:
    """Implements `SampleStore` on the connections of a store."""

    def __init__(self, write: Write, query: Query) -> None:
        self._write = write
        self._query = query

    def keep(self, samples: Sequence[Sample], most: int) -> None:
        """Add them; the oldest beyond `most` of a route go."""

        def work(db: Executes) -> None:
            for s in samples:
                db.execute(_KEEP, (s.request_id, s.at_us, s.route, s.tag, s.body))
            for route in {s.route for s in samples}:
                db.execute(_TRIM, (route, route, _ALL, most))

        self._write(work)

    def samples(self, route: str | None, since_us: int, until_us: int) -> list[Sample]:
        """Oldest first."""
        rows = self._query(
            f"SELECT {_COLUMNS} FROM samples WHERE (? = '' OR route = ?) AND at_us >= ? AND at_us < ? "
            "ORDER BY at_us, request_id",
            (route or "", route or "", since_us, until_us),
        )
        return [
            Sample(request_id=i, at_us=at_us, route=r, tag=tag, body=bytes(body))
            for i, at_us, r, tag, body in rows
        ]

    def forget(self, route: str | None, until_us: int) -> int:
        """Delete those before then."""
        sql = "DELETE FROM samples WHERE (? = '' OR route = ?) AND at_us < ?"
        values = (route or "", route or "", until_us)
        return self._write(lambda db: db.execute(sql, values).rowcount)
