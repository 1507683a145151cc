"""Rollouts in PostgreSQL: state by compare-and-swap, with its audit entries."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pilothouse.core.ports import AuditEntry, StoredRollout
from pilothouse.stores._pg_link import Db


def save_rollout(db: Db, rollout: StoredRollout, entries: Sequence[AuditEntry]) -> bool:
    """Write state and entries if the stored version is the one before; False = somebody was faster."""
    state = (rollout.route, rollout.status, rollout.version, rollout.state_json)
    if rollout.version == 1:
        db.execute(
            "LOCK TABLE rollouts IN SHARE ROW EXCLUSIVE MODE"
        )  # new ones get their order in turn
        done = db.execute(
            "INSERT INTO rollouts (route, status, version, state_json, id, saved_order) VALUES "
            "(?, ?, ?, ?, ?, (SELECT COALESCE(MAX(saved_order), 0) + 1 FROM rollouts)) "
            "ON CONFLICT (id) DO NOTHING",
            (*state, rollout.id),
        )
    else:
        done = db.execute(
            "UPDATE rollouts SET route = ?, status = ?, version = ?, state_json = ? "
            "WHERE id = ? AND version = ?",
            (*state, rollout.id, rollout.version - 1),
        )
    if done.rowcount != 1:
        return False
    for e in entries:
        db.execute(
            "INSERT INTO audit (rollout_id, at_us, who, what, why, evidence_json) VALUES (?, ?, ?, ?, ?, ?)",
            (rollout.id, e.at_us, e.who, e.what, e.why, msgspec.json.encode(e.evidence)),
        )
    return True
