"""Budgets in SQLite: money spent by scope and period, and what running processes have drawn of it.

What holds at every commit: spent + drawn by living holders <= limit, unless a price came out above what
had been set aside for it. Everything is added and subtracted, never set: a draw and a report of the same
holder may pass each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.limits import Account, Granted, Spent
from pilothouse.stores._keys import Query, Transaction

_PART_OF_THE_REST = 8
"""A draw takes at most this part of what is free: few draws while there is plenty, little stranded in
one process when it runs short."""


def grant(used: int, limit: int, least: int) -> Granted:
    """What a draw comes to when `used` of `limit` is spent or drawn."""
    free = max(limit - used, 0)
    if free < max(least, 1):
        return Granted(0, free)
    taken = max(least, free // _PART_OF_THE_REST)
    return Granted(taken, free - taken)


class BudgetReading:
    """The reading half of a `BudgetStore`, the same in SQLite and PostgreSQL."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def spent(self, account: Account) -> int:
        """Pico-USD booked."""
        rows = self._query(
            "SELECT spent_pico_usd FROM budgets WHERE scope_id = ? AND period = ?",
            (account.scope_id, account.period),
        )
        return int(rows[0][0]) if rows else 0

    def spending(self, scope_id: str | None = None) -> list[tuple[Account, int]]:
        """All that is booked, ordered by scope and period."""
        clause, values = ("WHERE scope_id = ?", (scope_id,)) if scope_id is not None else ("", ())
        rows = self._query(
            f"SELECT scope_id, period, spent_pico_usd FROM budgets {clause} ORDER BY scope_id, period",
            values,
        )
        return [(Account(scope, period), int(spent)) for scope, period, spent in rows]


class BudgetTable(BudgetReading):
    """Implements `BudgetStore` on the connections of `SqliteStore`."""

    def __init__(self, transaction: Transaction, query: Query) -> None:
        super().__init__(query)
        self._transaction = transaction

    def draw(
        self, holder: str, account: Account, *, limit: int, least: int, now_us: int, until_us: int
    ) -> Granted:
        """Take at least `least`, or nothing. What holders without a sign of life had is free again."""
        at = (account.scope_id, account.period)
        with self._transaction() as db:
            db.execute(
                "DELETE FROM budget_allotments "
                "WHERE scope_id = ? AND period = ? AND until_us <= ? AND holder <> ?",
                (*at, now_us, holder),
            )
            (used,) = db.execute(
                "SELECT COALESCE((SELECT spent_pico_usd FROM budgets WHERE scope_id = ?1 AND period = ?2), 0)"
                " + COALESCE((SELECT SUM(left_pico_usd) FROM budget_allotments"
                " WHERE scope_id = ?1 AND period = ?2), 0)",
                at,
            ).fetchone()
            granted = grant(used, limit, least)
            if not granted.pico_usd:
                return granted
            db.execute(
                "INSERT INTO budget_allotments (scope_id, period, holder, left_pico_usd, until_us) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "left_pico_usd = left_pico_usd + excluded.left_pico_usd, until_us = excluded.until_us",
                (*at, holder, granted.pico_usd, until_us),
            )
            return granted

    def report(self, holder: str, spent: Sequence[Spent], *, until_us: int) -> None:
        """Book spending and returns, and renew what is left."""
        with self._transaction() as db:
            for entry in spent:
                at = (entry.account.scope_id, entry.account.period)
                if entry.spent_pico_usd:
                    db.execute(
                        "INSERT INTO budgets (scope_id, period, spent_pico_usd) VALUES (?, ?, ?) "
                        "ON CONFLICT DO UPDATE SET spent_pico_usd = spent_pico_usd + excluded.spent_pico_usd",
                        (*at, entry.spent_pico_usd),
                    )
                gone = entry.spent_pico_usd + entry.returned_pico_usd
                db.execute(
                    "UPDATE budget_allotments SET left_pico_usd = MAX(left_pico_usd - ?, 0) "
                    "WHERE scope_id = ? AND period = ? AND holder = ?",
                    (gone, *at, holder),
                )
            db.execute(
                "UPDATE budget_allotments SET until_us = ? WHERE holder = ?", (until_us, holder)
            )

    def leave(self, holder: str) -> None:
        """Give back everything drawn and not spent."""
        with self._transaction() as db:
            db.execute("DELETE FROM budget_allotments WHERE holder = ?", (holder,))
