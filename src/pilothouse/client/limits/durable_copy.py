"""What is spent in Redis, written to the durable store too: the truth that outlives Redis."""

from __future__ import annotations

import asyncio
import logging

from pilothouse.core.errors import StoreError
from pilothouse.core.limits import Account, BudgetStore, Spent
from pilothouse.core.pico import usd

log = logging.getLogger("pilothouse.budgets")


class DurableCopy:
    """Collects spending and books it every moment. Several replicas may copy to one store: sums are added."""

    def __init__(self, store: BudgetStore | None, holder: str) -> None:
        self._store = store
        self._holder = holder
        self._waiting: dict[Account, int] = {}
        self._lock = asyncio.Lock()

    def add(self, account: Account, spent: int) -> None:
        """To be booked."""
        if self._store is not None and spent:
            self._waiting[account] = self._waiting.get(account, 0) + spent

    async def spent(self, accounts: list[Account]) -> dict[Account, int] | None:
        """What is booked; 0 without a store, None when the store does not answer."""
        store = self._store
        if store is None:
            return dict.fromkeys(accounts, 0)
        try:
            return await asyncio.to_thread(lambda: {a: store.spent(a) for a in accounts})
        except StoreError as error:
            log.error("budgets cannot be opened in Redis: %s", error)
            return None

    def spent_now(self, account: Account) -> int | None:
        """As `spent`, one row by its key, without giving way to anybody."""
        try:
            return self._store.spent(account) if self._store is not None else 0
        except StoreError as error:
            log.error("a budget is closed while neither Redis nor the database answers: %s", error)
            return None

    async def flush(self) -> None:
        """Book what waits; what cannot be written now is written later. Not cut short by cancellation."""
        if self._store is None or not self._waiting:
            return
        writing = asyncio.ensure_future(self._flushed(self._store))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    async def _flushed(self, store: BudgetStore) -> None:
        async with self._lock:
            batch, self._waiting = self._waiting, {}
            entries = [Spent(account, spent) for account, spent in batch.items()]
            try:
                await asyncio.to_thread(store.report, self._holder, entries, until_us=0)
            except StoreError as error:
                for account, spent in batch.items():
                    self._waiting[account] = self._waiting.get(account, 0) + spent
                log.error("budgets: %s USD wait to be booked: %s", usd(sum(batch.values())), error)
