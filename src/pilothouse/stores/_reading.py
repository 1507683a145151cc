"""What both databases read in the same way: SQL that SQLite and PostgreSQL understand alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec

from pilothouse.core.call import Call, Score
from pilothouse.core.ports import AuditEntry, CallFilter, StoredRollout
from pilothouse.stores._rows import CALL_COLUMNS, call_from_row, where_clause
from pilothouse.stores._scores import SCORE_COLUMNS, scores_by_call

_SELECT_SCORE = ", ".join(f"s.{c}" for c in SCORE_COLUMNS)
_SELECT_CALL = ", ".join(f"calls.{c}" for c in CALL_COLUMNS)


class Reading(ABC):
    """The reading half of a store, over its `query`. Raises `StoreError`."""

    @abstractmethod
    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one SELECT, parameters (`?`) bound; for the statements kept beside their readers."""

    def calls(self, where: CallFilter, *, limit: int | None = None) -> list[Call]:
        """Matching rows, newest first."""
        clause, values = where_clause(where)
        sql = f"SELECT {_SELECT_CALL} FROM calls WHERE {clause} ORDER BY at_us DESC, row_id DESC"
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        return [call_from_row(row) for row in self.query(sql, values)]

    def rollout(self, rollout_id: str) -> StoredRollout | None:
        """The rollout as last saved."""
        rows = self._rollouts("WHERE id = ?", (rollout_id,))
        return rows[0] if rows else None

    def rollouts(self) -> list[StoredRollout]:
        """All, newest first."""
        return self._rollouts("ORDER BY saved_order DESC", ())

    def audit(self, rollout_id: str) -> list[AuditEntry]:
        """The rollout's history, oldest first."""
        rows = self.query(
            "SELECT at_us, who, what, why, evidence_json FROM audit "
            "WHERE rollout_id = ? ORDER BY row_id",
            (rollout_id,),
        )
        return [
            AuditEntry(
                at_us=at, who=who, what=what, why=why, evidence=msgspec.json.decode(evidence)
            )
            for at, who, what, why, evidence in rows
        ]

    def rollout_calls(
        self, rollout_id: str, *, after_row: int, limit: int
    ) -> tuple[list[tuple[Call, tuple[Score, ...]]], int]:
        """Calls of a rollout in the order they were written, after a cursor; and the new cursor."""
        rows = self.query(
            f"SELECT {_SELECT_CALL}, row_id FROM calls "
            "WHERE rollout_id = ? AND row_id > ? AND row_id <= ? ORDER BY row_id LIMIT ?",
            (rollout_id, after_row, self._settled_row(rollout_id), limit),
        )
        if not rows:
            return [], after_row
        last = int(rows[-1][-1])
        rows_of_scores = self.query(
            f"SELECT {_SELECT_SCORE} FROM calls c JOIN scores s ON s.call_id = c.id "
            "WHERE c.rollout_id = ? AND c.row_id > ? AND c.row_id <= ?",
            (rollout_id, after_row, last),
        )
        scores = scores_by_call(rows_of_scores)
        calls = [call_from_row(row[:-1]) for row in rows]
        return [(call, tuple(scores.get(call.id, ()))) for call in calls], last

    def _settled_row(self, rollout_id: str) -> int:
        """No call of the rollout can still appear at or before this row: one writer at a time."""
        return 2**63 - 1

    def _rollouts(self, clause: str, values: Sequence[Any]) -> list[StoredRollout]:
        rows = self.query(
            f"SELECT id, route, status, version, state_json FROM rollouts {clause}", values
        )
        return [
            StoredRollout(id=i, route=route, status=status, version=version, state_json=state)
            for i, route, status, version, state in rows
        ]
