"""How proofs of concept are written to PostgreSQL: many rows as one JSON parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pilothouse.core.call import Score
from pilothouse.core.proof_store import PaidAnswer
from pilothouse.stores._job_rows import Executes
from pilothouse.stores._pg_calls import insert_calls, upsert_scores
from pilothouse.stores._pg_link import Db
from pilothouse.stores._pg_sql import as_json
from pilothouse.stores._proofs import answer_row

_COLUMNS = {
    "run_id": "text",
    "case_id": "text",
    "target": "text",
    "repeat": "bigint",
    "call_id": "text",
    "text": "text",
    "attempts": "bigint",
    "question_key": "text",
    "more_json": "text",
}
_KEY = ("run_id", "case_id", "target", "repeat")
_UPSERT_ANSWERS = (
    f"INSERT INTO answers ({', '.join(_COLUMNS)}) SELECT * FROM json_to_recordset(?::json) AS given "
    f"({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())}) "
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name not in _KEY)}"
)


def keep_answers(db: Executes, answers: Sequence[PaidAnswer]) -> None:
    """Calls, texts and scores; of several answers to one question the last counts."""
    link = cast(Db, db)
    insert_calls(link, [a.call for a in answers])
    rows = {(a.run_id, a.case_id, a.target, a.repeat): answer_row(a) for a in answers}
    named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows.values()]
    link.execute(_UPSERT_ANSWERS, (as_json(named),))
    upsert_scores(link, [score for a in answers for score in a.scores])


def keep_scores(db: Executes, scores: Sequence[Score]) -> None:
    """Add or replace."""
    upsert_scores(cast(Db, db), scores)
