"""Proofs of concept in PostgreSQL: runs, and the answers that were paid for."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.ports import PaidAnswer
from pilothouse.stores._pg_calls import insert_calls, upsert_scores
from pilothouse.stores._pg_link import Db
from pilothouse.stores._pg_sql import as_json

_UPSERT_ANSWERS = (
    "INSERT INTO answers (run_id, case_id, target, repeat, call_id, text) "
    "SELECT * FROM json_to_recordset(?::json) AS given "
    "(run_id text, case_id text, target text, repeat bigint, call_id text, text text) "
    "ON CONFLICT (run_id, case_id, target, repeat) DO UPDATE SET call_id = excluded.call_id, text = excluded.text"
)


def insert_run(db: Db, run_id: str, spec_json: bytes, at_us: int) -> bool:
    """Create the run; False when it was there already."""
    done = db.execute(
        "INSERT INTO runs (id, spec_json, at_us) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (run_id, spec_json, at_us),
    )
    return done.rowcount == 1


def upsert_answers(db: Db, answers: Sequence[PaidAnswer]) -> None:
    """Calls, texts and scores; of several answers to one case and repeat the last counts."""
    insert_calls(db, [a.call for a in answers])
    rows = {
        (a.call.run_id, a.call.case_id, a.call.target, a.call.repeat): {
            "run_id": a.call.run_id,
            "case_id": a.call.case_id,
            "target": a.call.target,
            "repeat": a.call.repeat,
            "call_id": a.call.id,
            "text": a.text,
        }
        for a in answers
    }
    db.execute(_UPSERT_ANSWERS, (as_json(list(rows.values())),))
    upsert_scores(db, [score for a in answers for score in a.scores])
