"""Budgets in PostgreSQL: the promises of `_budgets.py`, for processes on any number of machines.

Draws on one account take turns (an advisory lock); bookings do not: they move money from drawn to spent, which
no draw can see half of. A booking whose COMMIT was lost is remembered: callers repeat what raised, and what
turns out to have been booked is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from pilothouse.core.errors import StoreError
from pilothouse.core.limits import Account, Granted, Spent
from pilothouse.stores._budgets import BudgetReading, grant
from pilothouse.stores._keys import Query
from pilothouse.stores._pg_link import Db, InDoubt, PgLink

_TURN = "hashtextextended(concat_ws(chr(31), 'pilothouse budget', current_schema(), ?::text, ?::text), 0)"


class PgBudgetTable(BudgetReading):
    """Implements `BudgetStore` on the connections of `PostgresStore`."""

    def __init__(self, link: PgLink, query: Query) -> None:
        super().__init__(query)
        self._link = link
        self._reporting = Lock()
        self._in_doubt: dict[str, tuple[str, list[Spent]]] = {}
        self._booked: dict[str, list[Spent]] = {}
        """Written after all, and still to be taken off what the process repeats."""

    def draw(
        self, holder: str, account: Account, *, limit: int, least: int, now_us: int, until_us: int
    ) -> Granted:
        """Take at least `least`, or nothing. What holders without a sign of life had is free again."""
        at = (account.scope_id, account.period)

        def work(db: Db) -> Granted:
            db.execute(f"SELECT pg_advisory_xact_lock({_TURN})", at)
            db.execute(
                "DELETE FROM budget_allotments "
                "WHERE scope_id = ? AND period = ? AND until_us <= ? AND holder <> ?",
                (*at, now_us, holder),
            )
            found = db.execute(
                "SELECT COALESCE((SELECT spent_pico_usd FROM budgets WHERE scope_id = ? AND period = ?), 0)"
                " + COALESCE((SELECT SUM(left_pico_usd) FROM budget_allotments"
                " WHERE scope_id = ? AND period = ?), 0)",
                (*at, *at),
            )
            granted = grant(int(found.fetchall()[0][0]), limit, least)
            if granted.pico_usd:
                db.execute(
                    "INSERT INTO budget_allotments AS a (scope_id, period, holder, left_pico_usd, until_us) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope_id, period, holder) DO UPDATE SET "
                    "left_pico_usd = a.left_pico_usd + excluded.left_pico_usd, until_us = excluded.until_us",
                    (*at, holder, granted.pico_usd, until_us),
                )
            return granted

        return self._link.write(work)

    def report(self, holder: str, spent: Sequence[Spent], *, until_us: int) -> None:
        """Book spending and returns, and renew what is left."""
        process = holder.split(".")[0]  # `Purses` goes on as base.1, base.2 after a lapse
        with self._reporting:
            self._settle_doubt(process)
            entries = [*spent]
            if process in self._booked:
                entries = _without(spent, self._booked[process])
            try:
                self._link.write(lambda db: _book(db, holder, entries, until_us))
            except InDoubt as error:
                self._in_doubt[process] = (error.xid, entries)
                raise
            self._booked.pop(process, None)

    def leave(self, holder: str) -> None:
        """Give back everything drawn and not spent."""
        self._link.write(
            lambda db: db.execute("DELETE FROM budget_allotments WHERE holder = ?", (holder,))
        )

    def _settle_doubt(self, process: str) -> None:
        if process not in self._in_doubt:
            return
        xid, entries = self._in_doubt[process]
        fate = self._link.fate(xid)
        if fate is None:
            raise StoreError("whether the last booking was written is not known yet; it waits")
        del self._in_doubt[process]
        if fate:
            self._booked.setdefault(process, []).extend(entries)


def _without(spent: Sequence[Spent], booked: Sequence[Spent]) -> list[Spent]:
    """What is left to book of `spent` when `booked`, which it repeats, has been written after all."""
    left = {entry.account: entry for entry in spent}
    for done in booked:
        if entry := left.get(done.account):
            left[done.account] = Spent(
                entry.account,
                max(entry.spent_pico_usd - done.spent_pico_usd, 0),
                max(entry.returned_pico_usd - done.returned_pico_usd, 0),
            )
    return list(left.values())


def _book(db: Db, holder: str, spent: Sequence[Spent], until_us: int) -> None:
    # In one order everywhere, so that two bookings do not wait for each other.
    for entry in sorted(spent, key=lambda s: (s.account.scope_id, s.account.period)):
        at = (entry.account.scope_id, entry.account.period)
        if entry.spent_pico_usd:
            db.execute(
                "INSERT INTO budgets AS b (scope_id, period, spent_pico_usd) VALUES (?, ?, ?) "
                "ON CONFLICT (scope_id, period) DO UPDATE SET "
                "spent_pico_usd = b.spent_pico_usd + excluded.spent_pico_usd",
                (*at, entry.spent_pico_usd),
            )
        gone = entry.spent_pico_usd + entry.returned_pico_usd
        db.execute(
            "UPDATE budget_allotments SET left_pico_usd = GREATEST(left_pico_usd - ?, 0) "
            "WHERE scope_id = ? AND period = ? AND holder = ?",
            (gone, *at, holder),
        )
    db.execute("UPDATE budget_allotments SET until_us = ? WHERE holder = ?", (until_us, holder))
