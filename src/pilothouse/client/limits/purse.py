"""Budgets in this process: purses spent from memory, filled from a durable store, booked every moment.

One process draws an allotment (an eighth of what is free), so that most admissions cost no I/O and several
processes may share one budget without passing it. A SIGKILL forgets what was settled since the last
booking (`FLUSH_S`); what the dead process had drawn and not spent is free again after `LEASE_S`.

Everything runs on the event loop's thread; only the store's calls go to another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from pilothouse.core.errors import StoreError
from pilothouse.core.limits import FOREVER_US, Account, BudgetStore, Granted, Per, Spent, period_of
from pilothouse.core.pico import usd
from pilothouse.core.ports import NowUs

log = logging.getLogger("pilothouse.budgets")

FLUSH_S = 0.2
LEASE_S = 30.0
_RENEW_AFTER_US = int(LEASE_S * 1e6 / 3)
_ASK_AGAIN_US = 1_000_000
"""A purse that could not be filled, or a store that is away, is not asked again before."""
_UNLIMITED = 2**90
"""More than any sum of 64 bits: never short of anything."""

Opening = Callable[[Account, int], int]
"""What a purse without a store starts with: (account, limit) to pico-USD."""


class Purse:
    """One budget in one period.

    `free` + `held` + `unreported` is what this process has drawn and not booked yet, and the store has the
    same number: every step below keeps the two equal.
    """

    __slots__ = (
        "account",
        "drawing",
        "dry_pico",
        "dry_until_us",
        "ends_us",
        "free",
        "held",
        "is_dirty",
        "limit",
        "per",
        "returned",
        "unreported",
        "used_at_us",
    )

    def __init__(
        self, account: Account, per: Per, limit: int | None, free: int, ends_us: int
    ) -> None:
        self.account = account
        self.per: Per = per
        self.limit = limit
        """None: nothing is limited, the spending is only booked."""
        self.free = free
        self.held = 0
        self.unreported = 0
        self.returned = 0
        """To be given back with the next booking."""
        self.ends_us = ends_us
        self.used_at_us = 0
        self.dry_until_us = 0
        self.dry_pico = 0
        self.drawing: asyncio.Task[None] | None = None
        self.is_dirty = False

    def settle(self, held: int, spent: int) -> None:
        """`held` was set aside; `spent` it cost."""
        self.held -= held
        self.free += held - spent
        self.unreported += spent


class Purses:
    """All purses of a process, and their books. `holder` must be unique among processes."""

    def __init__(
        self,
        store: BudgetStore | None,
        now_us: NowUs,
        holder: str,
        opening: Opening | None = None,
    ) -> None:
        self.store = store
        self._now_us = now_us
        self._base = holder
        self._incarnation = 0
        self._opening = opening
        self._is_drawing = store is not None
        self._purses: dict[Account, Purse] = {}
        self._dirty: list[Purse] = []
        self._renewed_us = 0
        self._down_until_us = 0
        self._books = asyncio.Lock()
        self.lease_until_us = FOREVER_US
        """When what was drawn would no longer be ours."""

    @property
    def holder(self) -> str:
        """The name under which money is drawn; another one after a lease was lost."""
        return f"{self._base}.{self._incarnation}"

    def purse(self, scope_id: str, per: Per, limit: int | None, now_us: int) -> Purse:
        """The purse of the period that runs now; a changed limit holds from here on."""
        period, ends_us = period_of(per, now_us)
        account = Account(scope_id, period)
        purse = self._purses.get(account)
        if purse is None:
            purse = Purse(account, per, limit, self._first(account, limit), ends_us)
            self._purses[account] = purse
        elif purse.limit != limit:
            self._relimit(purse, limit)
        purse.used_at_us = now_us
        return purse

    def _first(self, account: Account, limit: int | None) -> int:
        if limit is None:
            return _UNLIMITED
        if self._is_drawing:
            return 0
        return self._opening(account, limit) if self._opening else limit

    def _relimit(self, purse: Purse, limit: int | None) -> None:
        old, purse.limit = purse.limit, limit
        purse.dry_until_us = 0
        if limit is None:
            purse.free = _UNLIMITED
        elif self._is_drawing and old is None:
            purse.free = -purse.held - purse.unreported  # nothing of it was ever drawn
        elif self._is_drawing:
            purse.returned += max(purse.free, 0)
            purse.free = min(purse.free, 0)
            self.touch(purse)
        else:
            purse.free = (
                limit - purse.held - purse.unreported if old is None else purse.free + limit - old
            )

    def touch(self, purse: Purse) -> None:
        """There is something to book."""
        if not purse.is_dirty:
            purse.is_dirty = True
            self._dirty.append(purse)

    def can_draw(self, purse: Purse, pico: int, now_us: int) -> bool:
        """Whether asking the store could help."""
        is_known_dry = now_us < purse.dry_until_us and pico - purse.free >= purse.dry_pico
        return (
            self._is_drawing
            and purse.limit is not None
            and pico <= purse.limit
            and not is_known_dry
        )

    def is_down(self, now_us: int) -> bool:
        """Whether the store failed a moment ago."""
        return now_us < self._down_until_us

    async def draw(self, purse: Purse, pico: int) -> None:
        """Ask the store for enough to hold `pico`; one asks, the others wait with it.

        Goes on when the waiting caller is cancelled: what was drawn must land in the purse.
        """
        task = purse.drawing
        if task is None:
            task = purse.drawing = asyncio.create_task(self._drawn(purse, pico))
        await asyncio.shield(task)

    async def _drawn(self, purse: Purse, pico: int) -> None:
        try:
            async with self._books:
                await self._draw_once(purse, pico)
        except StoreError as error:
            self._down_until_us = self._now_us() + _ASK_AGAIN_US
            log.error("budgets: %s: %s", purse.account.scope_id, error)
        finally:
            purse.drawing = None

    async def _draw_once(self, purse: Purse, pico: int) -> None:
        now_us = self._now_us()
        self.notice_lapse(now_us)
        least = pico - purse.free
        if least <= 0 or purse.limit is None:
            return
        until_us = now_us + int(LEASE_S * 1e6)
        holder = self.holder
        granted = await asyncio.to_thread(
            self._ask, holder, purse.account, purse.limit, least, now_us, until_us
        )
        if holder != self.holder:
            return  # the lease ran out while we waited: what was drawn is no longer ours
        purse.free += granted.pico_usd
        if granted.pico_usd:
            self.lease_until_us = min(self.lease_until_us, until_us)
        else:
            purse.dry_until_us, purse.dry_pico = now_us + _ASK_AGAIN_US, least

    def _ask(
        self, holder: str, account: Account, limit: int, least: int, now_us: int, until_us: int
    ) -> Granted:
        assert self.store is not None
        return self.store.draw(
            holder, account, limit=limit, least=least, now_us=now_us, until_us=until_us
        )

    def notice_lapse(self, now_us: int) -> None:
        """After a long sleep others may have taken what we had drawn: start again with nothing."""
        if now_us < self.lease_until_us:
            return
        log.error("budgets: the lease of %s ran out; drawing anew", self.holder)
        self._incarnation += 1
        self.lease_until_us = FOREVER_US
        for purse in self._purses.values():
            if purse.limit is not None:
                purse.free = -purse.held - purse.unreported
                purse.returned = 0

    def put_away(self, purse: Purse, now_us: int, idle_us: int) -> bool:
        """Give back what an idle purse has; True when nothing speaks against forgetting it."""
        if purse.held or purse.drawing is not None or now_us - purse.used_at_us < idle_us:
            return False
        if self._is_drawing and purse.limit is not None and purse.free > 0:
            purse.returned += purse.free
            purse.free = 0
            self.touch(purse)
        is_safe = self._is_drawing or purse.limit is None or now_us >= purse.ends_us
        if purse.is_dirty or not is_safe or purse.free < 0:
            return False
        self._purses.pop(purse.account, None)
        return True

    async def flush(self) -> None:
        """Book what was spent since the last time. What cannot be written now is written later."""
        async with self._books:
            if self.store is None:
                self._forget_dirty()
                return
            now_us = self._now_us()
            self.notice_lapse(now_us)
            is_due = (
                self.lease_until_us != FOREVER_US and now_us - self._renewed_us > _RENEW_AFTER_US
            )
            if not self._dirty and not is_due:
                return
            await self._book(now_us)

    async def _book(self, now_us: int) -> None:
        assert self.store is not None
        dirty, self._dirty = self._dirty, []
        entries: list[Spent] = []
        for purse in dirty:
            entries.append(Spent(purse.account, purse.unreported, purse.returned))
            purse.is_dirty, purse.unreported, purse.returned = False, 0, 0
        until_us = now_us + int(LEASE_S * 1e6)
        # Shielded: a cancelled flush must not leave it open whether the money was booked.
        writing = asyncio.ensure_future(
            asyncio.to_thread(self._report, self.holder, entries, until_us)
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            self._booked(dirty, entries, until_us, now_us, writing.exception())
            raise
        except StoreError as error:
            self._booked(dirty, entries, until_us, now_us, error)
        else:
            self._booked(dirty, entries, until_us, now_us, None)

    def _report(self, holder: str, entries: list[Spent], until_us: int) -> None:
        assert self.store is not None
        self.store.report(holder, entries, until_us=until_us)

    def _booked(
        self,
        dirty: list[Purse],
        entries: list[Spent],
        until_us: int,
        now_us: int,
        error: BaseException | None,
    ) -> None:
        if error is None:
            self._renewed_us = now_us
            if self.lease_until_us != FOREVER_US:
                self.lease_until_us = until_us
            if self._is_drawing:
                for purse in dirty:
                    _forgive(purse)
            return
        for purse, entry in zip(dirty, entries, strict=True):
            purse.unreported += entry.spent_pico_usd
            purse.returned += entry.returned_pico_usd
            self.touch(purse)
        waiting = sum(p.unreported for p in dirty if p.limit is not None)
        log.error("budgets: %s USD wait to be booked: %s", usd(waiting), error)

    def _forget_dirty(self) -> None:
        for purse in self._dirty:
            purse.is_dirty = False
        self._dirty.clear()

    async def close(self) -> None:
        """Wait for draws, book everything, give back the rest."""
        waiting = [p.drawing for p in self._purses.values() if p.drawing is not None]
        if waiting:
            await asyncio.wait(waiting)
        await self.flush()
        if self.store is not None and not self._dirty:
            try:
                await asyncio.to_thread(self.store.leave, self.holder)
            except StoreError as error:
                log.error("budgets: what was drawn is free in %d s: %s", int(LEASE_S), error)
            for purse in self._purses.values():
                if purse.limit is not None:
                    purse.free = min(purse.free, 0)


def _forgive(purse: Purse) -> None:
    """What cost more than was drawn is booked as spent now, so the purse need not make up for it again."""
    has = purse.free + purse.held + purse.unreported
    if has < 0 and purse.limit is not None:
        purse.free -= has
