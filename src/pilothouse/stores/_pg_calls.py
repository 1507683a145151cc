"""Calls and scores in PostgreSQL: many rows a statement, a row that is there already left as it is."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.call import Call, Score
from pilothouse.stores._pg_link import Db, PgLink
from pilothouse.stores._pg_sql import as_json
from pilothouse.stores._rows import CALL_COLUMNS, MONEY
from pilothouse.stores._scores import SCORE_COLUMNS, score_row

_TYPES = {
    "at_us": "bigint",
    "attempt": "bigint",
    "is_stream": "boolean",
    "http_status": "bigint",
    "latency_ms": "double precision",
    "ttft_ms": "double precision",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cached_input_tokens": "bigint",
    "is_usage_estimated": "boolean",
    "cost_usd": "numeric",
    "saved_usd": "numeric",
    "share": "double precision",
    "repeat": "bigint",
    "propensity": "double precision",
}
# Half to even, as `pico_usd` rounds; round() of numeric goes away from zero.
_PICO = (
    "(CASE WHEN abs({0} * 1e12 % 1) = 0.5 THEN 2 * round({0} * 1e12 / 2) "
    "ELSE round({0} * 1e12) END)::bigint"
)
_READ = {
    "is_stream": "is_stream::int",
    "is_usage_estimated": "is_usage_estimated::int",
    **{column: _PICO.format(field) for field, column in MONEY.items()},
}
_FIELDS = ", ".join(f"{f} {_TYPES.get(f, 'text')}" for f in Call.__struct_fields__)
_INSERT_CALLS = (
    f"INSERT INTO calls ({', '.join(CALL_COLUMNS)}) "
    f"SELECT {', '.join(_READ.get(c, c) for c in CALL_COLUMNS)} FROM json_to_recordset(?::json) AS given "
    f"({_FIELDS}) ON CONFLICT (id) DO NOTHING"
)
_UPSERT_SCORES = (
    f"INSERT INTO scores ({', '.join(SCORE_COLUMNS)}) SELECT * FROM json_to_recordset(?::json) AS given "
    "(call_id text, scorer text, value double precision, detail text, more_json text) "
    "ON CONFLICT (call_id, scorer) DO UPDATE SET value = excluded.value, detail = excluded.detail, "
    "more_json = excluded.more_json"
)
_FENCE = "hashtextextended('pilothouse calls of rollouts ' || current_schema(), 0)"


def insert_calls(db: Db, calls: Sequence[Call]) -> None:
    """Append rows. Those of rollouts are appended inside the fence that `settled_row` waits at."""
    if any(call.rollout_id is not None for call in calls):
        db.execute(f"SELECT pg_advisory_xact_lock_shared({_FENCE})")
    db.execute(_INSERT_CALLS, (as_json(calls),))


def upsert_scores(db: Db, scores: Sequence[Score]) -> None:
    """Append or replace; of several for one call and scorer the last counts."""
    last = {(s.call_id, s.scorer): s for s in scores}
    if last:
        rows = [dict(zip(SCORE_COLUMNS, score_row(s), strict=True)) for s in last.values()]
        db.execute(_UPSERT_SCORES, (as_json(rows),))


def settled_row(link: PgLink, rollout_id: str) -> int:
    """The last row of the rollout, once every row before it is either there or never will be.

    Row numbers are given out before they are committed, so of two writers the later number may be seen
    first, and a cursor past it would miss the other for ever. Whoever may have been given a number up to
    the one read here holds the fence until he has committed; waiting for it once settles them all, and
    writers do not wait for each other.
    """
    ((last,),) = link.rows(
        "SELECT COALESCE(MAX(row_id), 0) FROM calls WHERE rollout_id = ?", (rollout_id,)
    )
    if last:
        link.rows(f"SELECT pg_advisory_xact_lock({_FENCE})")
    return last
