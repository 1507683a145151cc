"""Calls, runs, rollouts, keys and budgets in PostgreSQL: any number of processes and machines share it.

The same promises as `sqlite.py`, and every commit is on disk before it returns. Three connections, each
opened when first used and again when lost: telemetry, reading, and what must not wait behind either.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pilothouse.core.call import Call, Score
from pilothouse.core.ports import AuditEntry, StoredRollout
from pilothouse.stores._batches import BatchTable
from pilothouse.stores._job_rows import POSTGRES
from pilothouse.stores._jobs import JobTable
from pilothouse.stores._pg_address import PgAddress
from pilothouse.stores._pg_budgets import PgBudgetTable
from pilothouse.stores._pg_calls import insert_calls, settled_row, upsert_scores
from pilothouse.stores._pg_keys import PgKeyTable
from pilothouse.stores._pg_link import Db, PgLink
from pilothouse.stores._pg_proofs import keep_answers, keep_scores
from pilothouse.stores._pg_rollouts import save_rollout
from pilothouse.stores._pg_schema import upgrade
from pilothouse.stores._proofs import ProofTable
from pilothouse.stores._reading import Reading
from pilothouse.stores._reviews import ReviewTable
from pilothouse.stores._samples import SampleTable


class PostgresStore(Reading):
    """Implements `CallStore` and `RolloutStore`; `keys`, `budgets`, `jobs`, `batches`, `proofs` the stores of that name.

    Raises `StoreError`; `ValueError` for a value that no try can store (a count past 64 bits).
    """

    def __init__(self, address: PgAddress, *, must_exist: bool = False) -> None:
        """Connects, and brings the schema up to date unless `must_exist` finds nothing there."""
        self.address = address
        self._durable = PgLink(address)
        self._telemetry = PgLink(address)
        self._reads = PgLink(address)
        try:
            self._durable.alone(lambda db: upgrade(db, address, must_exist=must_exist))
        except BaseException:
            self.close()
            raise
        self.keys = PgKeyTable(self._durable, self.query)
        self.budgets = PgBudgetTable(self._durable, self.query)
        self.jobs = JobTable(self._durable.write, self.query, POSTGRES)
        self.batches = BatchTable(self._durable.write, self.query, POSTGRES)
        self.proofs = ProofTable(self._durable.write, self.query, keep_answers, keep_scores)
        self.samples = SampleTable(self._durable.write, self.query)
        self.reviews = ReviewTable(self._durable.write, self.query)

    @property
    def spill_path(self) -> Path:
        """What the names of files with calls that could not be written start with."""
        return self.address.spill_path

    def close(self) -> None:
        """Let the connections go. Idempotent."""
        for link in (self._durable, self._telemetry, self._reads):
            link.close()

    def write_calls(self, calls: Sequence[Call]) -> None:
        """Append rows in one transaction; a row whose id is there already is left as it is."""
        if calls:
            self._telemetry.write(lambda db: insert_calls(db, calls))

    def write_scored(self, scored: Sequence[tuple[Call, tuple[Score, ...]]]) -> None:
        """Append calls with their scores in one transaction (graded traffic, rehearsals)."""

        def work(db: Db) -> None:
            insert_calls(db, [call for call, _ in scored])
            upsert_scores(db, [score for _, scores in scored for score in scores])

        self._telemetry.write(work)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one SELECT, parameters (`?`) bound; for the statements kept beside their readers."""
        return self._reads.rows(sql, values)

    def save_rollout(self, rollout: StoredRollout, entries: Sequence[AuditEntry]) -> bool:
        """Compare-and-swap on the version, with its audit entries; False = somebody was faster."""
        return self._durable.write(lambda db: save_rollout(db, rollout, entries))

    def _settled_row(self, rollout_id: str) -> int:
        return settled_row(self._reads, rollout_id)


plugin = PostgresStore
