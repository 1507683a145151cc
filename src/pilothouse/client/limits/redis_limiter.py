"""Limits and budgets counted in Redis: exact across replicas, one round trip an admission.

A replica says that it lives (`BEAT_S`); what a dead one held (places, money) is free after `LEASE_S`. While
Redis is away each replica goes on alone with its share, or refuses, as configured; what was spent meanwhile is
booked when Redis is back. Spending is copied to the durable store as it happens, and seeds a Redis that
has lost its memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from pilothouse.client.limits.alone import Alone
from pilothouse.client.limits.durable_copy import DurableCopy
from pilothouse.client.limits.local import LocalAdmission, LocalLimiter, NowNs
from pilothouse.client.limits.messages import duplicate_refusal, unreachable_refusal
from pilothouse.client.limits.port import Admission, Ask
from pilothouse.client.limits.purse import FLUSH_S
from pilothouse.client.limits.redis_plan import (
    Check,
    admit_checks,
    checks_of,
    refusal_of,
    rooms_of,
    settle_entries,
)
from pilothouse.client.limits.redis_wire import RedisClient, RedisGone, RedisWire, Script
from pilothouse.core.limits import Account, BudgetStore, Refused, Rooms, Scope, period_of
from pilothouse.core.ports import NowUs

log = logging.getLogger("pilothouse.limits")

BEAT_S = 3.0
LEASE_S = 10.0
_PROBE_S = 1.0
_GRACE_S = 86_400.0
"""How long a hold is remembered past its deadline, so that a late settlement is still known as one."""

_PACKER = msgspec.msgpack.Encoder()
_UNPACKER = msgspec.msgpack.Decoder(list[Any])
OnRedisDown = Literal["local", "refuse"]


class RedisAdmission:
    """What was set aside in Redis, or (`local`) in this process while Redis was away."""

    __slots__ = (
        "at_us",
        "checks",
        "deadline_us",
        "hold_id",
        "limiter",
        "local",
        "nonce",
        "pico_usd",
        "replica",
        "rooms",
        "scopes",
        "state",
    )

    def __init__(self, ask: Ask, checks: list[Check], replica: str, nonce: str) -> None:
        self.hold_id = ask.hold_id
        self.pico_usd = ask.pico_usd
        self.scopes = ask.scopes
        self.checks = checks
        self.replica = replica
        self.nonce = nonce
        self.at_us = 0
        """Redis's clock."""
        self.deadline_us = 0
        """This machine's clock that does not go back."""
        self.rooms = Rooms()
        self.local: LocalAdmission | None = None
        self.limiter: LocalLimiter | None = None
        self.state: Literal["open", "expired", "done"] = "open"


class RedisLimiter:
    """Implements `Limiter`. `replica` must be unique among replicas; `random_bits` names incarnations."""

    def __init__(
        self,
        client: RedisClient,
        store: BudgetStore | None,
        now_us: NowUs,
        now_ns: NowNs,
        random_bits: Callable[[], int],
        *,
        replica: str,
        prefix: str = "{pilothouse}:",
        on_redis_down: OnRedisDown = "local",
        use_own_clock: bool = False,
    ) -> None:
        """`use_own_clock`: windows by `now_us` instead of Redis's clock; only sound with one clock for all."""
        self._admit_script = Script("admit.lua")
        self._settle_script = Script("settle.lua")
        self._beat_script = Script("beat.lua")
        scripts = (self._admit_script, self._settle_script, self._beat_script)
        self._wire = RedisWire(client, prefix, scripts)
        self._copy = DurableCopy(store, replica)
        self._now_us = now_us
        self._now_ns = now_ns
        self._random_bits = random_bits
        self._base = replica
        self._on_redis_down: OnRedisDown = on_redis_down
        self._use_own_clock = use_own_clock
        self._replica = self._incarnated()
        self._nonces = 0
        self._replicas = 1
        self._live: dict[str, RedisAdmission] = {}
        self._owed: dict[str, int] = {}
        """Spent while Redis was away, by account key."""
        self._alone = Alone(self._copy, now_us, now_ns)
        self._tasks: set[asyncio.Future[Any]] = set()
        self._is_there = asyncio.Event()

    @property
    def is_down(self) -> bool:
        """Whether Redis is taken to be away; until the first `beat` it is."""
        return not self._is_there.is_set()

    # Admission

    def admit(self, ask: Ask) -> RedisAdmission | Refused | None:
        """None while Redis is there; without it, what `on_redis_down` says."""
        if ask.hold_id in self._live:
            return duplicate_refusal(ask.hold_id)
        return self._admitted_alone(ask) if self.is_down else None

    async def admit_waiting(self, ask: Ask) -> RedisAdmission | Refused:
        """One round trip; two when this replica meets a budget for the first time."""
        verdict = self.admit(ask)
        if verdict is not None:
            return verdict
        task = asyncio.ensure_future(self._asked(ask))
        self._own(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The script may run all the same: what it takes is given back when its reply is here.
            task.add_done_callback(self._orphaned)
            raise

    async def _asked(self, ask: Ask) -> RedisAdmission | Refused:
        now_us = self._now_us()
        checks = checks_of(ask, now_us)
        seeds: dict[Account, int] = {}
        admission = RedisAdmission(ask, checks, self._replica, self._nonce())
        for _ in range(4):
            ttl_ms = int((ask.hold_s + _GRACE_S) * 1000)
            head = (self._clock(), admission.replica, ask.hold_id, admission.nonce, ttl_ms)
            packed = _PACKER.encode((*head, admit_checks(checks, seeds, now_us)))
            try:
                reply = _UNPACKER.decode(await self._tried(self._admit_script, [packed]))
            except RedisGone as error:
                self._went_away(error)
                self._settle_later(admission, 0, 0, 0)
                return self._admitted_alone(ask)
            match reply[0]:
                case "ok":
                    return self._admitted(admission, ask, reply)
                case "dup":
                    return duplicate_refusal(ask.hold_id)
                case "lapsed":
                    await self._revive(admission)
                case "seed":
                    wanted = [checks[int(i) - 1].account for i in reply[1:]]
                    found = await self._copy.spent([a for a in wanted if a is not None])
                    if found is None:
                        return unreachable_refusal(ask.scopes[0], "the database does not answer")
                    seeds |= found
                case _:
                    return self._refused(checks, reply, now_us)
        return unreachable_refusal(ask.scopes[0], "Redis keeps losing what it was told")

    async def _tried(self, script: Script, args: list[str | bytes]) -> Any:
        """Twice, because scripts know their own second try, and a restarted server drops connections."""
        try:
            return await self._wire.send(script, args)
        except RedisGone:
            return await self._wire.send(script, args)

    def _admitted(self, admission: RedisAdmission, ask: Ask, reply: list[Any]) -> RedisAdmission:
        admission.at_us = int(reply[1])
        admission.deadline_us = self._now_ns() // 1000 + int(ask.hold_s * 1e6)
        used = [int(total) for total in reply[2]]
        admission.rooms = rooms_of(admission.checks, used, admission.at_us)
        for check, total in zip(admission.checks, used, strict=True):
            if check.account is not None:
                self._alone.remember(check.account, check.limit - total)
        self._live[ask.hold_id] = admission
        return admission

    def _refused(self, checks: list[Check], reply: list[Any], now_us: int) -> Refused:
        check, used, wait_us = checks[int(reply[1]) - 1], int(reply[2]), int(reply[3])
        if check.account is not None:
            self._alone.remember(check.account, check.limit - used)
        return refusal_of(check, used, wait_us, now_us)

    def _orphaned(self, task: asyncio.Future[RedisAdmission | Refused]) -> None:
        if not task.cancelled() and task.exception() is None:
            result = task.result()
            if isinstance(result, RedisAdmission):
                self.release(result)

    # Settlement

    def settle(
        self, admission: Admission, *, input_tokens: int, output_tokens: int, pico_usd: int
    ) -> None:
        """Sent on its way at once; sent again until it has arrived. A second time does nothing."""
        assert isinstance(admission, RedisAdmission)
        state, admission.state = admission.state, "done"
        if state == "done":
            return
        spent = max(pico_usd, 0)
        self._copied(admission, spent)
        if self._live.get(admission.hold_id) is admission:
            del self._live[admission.hold_id]
        if admission.local is not None and admission.limiter is not None:
            admission.limiter.settle(
                admission.local,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                pico_usd=spent,
            )
            self._owe(admission, spent)
        elif state == "expired":
            self._owe(admission, spent)
        else:
            self._settle_later(admission, input_tokens, output_tokens, spent, mode="first")

    def release(self, admission: Admission) -> None:
        """Nothing was used; the request still counts."""
        self.settle(admission, input_tokens=0, output_tokens=0, pico_usd=0)

    def rooms(self, admission: Admission) -> Rooms:
        """As they were right after the admission."""
        assert isinstance(admission, RedisAdmission)
        if admission.local is not None and admission.limiter is not None:
            return admission.limiter.rooms(admission.local)
        return admission.rooms

    def _copied(self, admission: RedisAdmission, spent: int) -> None:
        """Book in the durable store what Redis is told too, and what keys and teams spend in a month."""
        for check in admission.checks:
            if check.account is not None:
                self._copy.add(check.account, spent)
        month, _ = period_of("month", self._now_us())
        for scope in admission.scopes:
            if scope.is_booked_monthly:
                self._copy.add(Account(scope.id, month), spent)

    def _settle_later(
        self, admission: RedisAdmission, inp: int, out: int, spent: int, *, mode: str = "again"
    ) -> None:
        entries = settle_entries(admission.checks, admission.at_us, inp, out, spent)
        tail = (admission.replica, admission.hold_id, admission.nonce, entries)
        self._own(asyncio.ensure_future(self._until_it_arrives(mode, tail)))

    def _owe(self, admission: RedisAdmission, spent: int) -> None:
        if not spent:
            return
        for check in admission.checks:
            if check.account is not None:
                self._owed[check.key] = self._owed.get(check.key, 0) + spent

    async def _until_it_arrives(self, mode: str, tail: tuple[object, ...]) -> None:
        while True:
            await self._is_there.wait()
            try:
                await self._wire.send(self._settle_script, [_PACKER.encode((mode, *tail))])
                return
            except RedisGone as error:
                self._went_away(error)
                if mode == "first":
                    mode = "again"

    # Alone

    def _admitted_alone(self, ask: Ask) -> RedisAdmission | Refused:
        scope = ask.scopes[0] if ask.scopes else Scope("", "gateway")
        if self._on_redis_down == "refuse":
            return unreachable_refusal(scope, "Redis does not answer")
        local = self._alone.admit(ask)
        if local is None:
            return unreachable_refusal(scope, "Redis does not answer")
        if isinstance(local, Refused):
            return local
        admission = RedisAdmission(
            ask, checks_of(ask, self._now_us()), self._replica, self._nonce()
        )
        admission.local, admission.limiter = local, self._alone.limiter
        admission.deadline_us = local.deadline_us
        self._live[ask.hold_id] = admission
        return admission

    def _went_away(self, error: RedisGone) -> None:
        if self.is_down:
            return
        self._is_there.clear()
        self._alone.start(self._replicas)
        alone = f"going on alone with 1/{self._replicas} of each limit"
        said = alone if self._on_redis_down == "local" else "refusing what has limits"
        log.error("Redis does not answer (%s); %s until it does", error, said)

    # Keeping books

    async def beat(self) -> None:
        """Say that this replica lives; notice that Redis is away, or back."""
        fresh = self._incarnated()
        try:
            ttl_us = str(int(LEASE_S * 1e6))
            args: list[str | bytes] = [str(self._clock() or ""), self._replica, ttl_us, fresh]
            reply = await self._tried(self._beat_script, args)
            if not int(reply[0]):
                self._replica = fresh
            await self._pay()
        except RedisGone as error:
            self._went_away(error)
            return
        self._replicas = max(int(reply[1]), 1)
        if self.is_down:
            self._is_there.set()
            log.warning("Redis answers; replicas that share the limits: %d", self._replicas)

    async def run(self) -> None:
        """Beat, copy, expire; until cancelled."""
        beaten_ns = None
        while True:
            every_s = _PROBE_S if self.is_down else BEAT_S
            if beaten_ns is None or self._now_ns() - beaten_ns >= every_s * 1e9:
                beaten_ns = self._now_ns()
                await self.beat()
            self.expire()
            self._alone.tend()
            await self._copy.flush()
            await asyncio.sleep(FLUSH_S)

    def expire(self) -> None:
        """Release the holds whose deadline has passed."""
        now = self._now_ns() // 1000
        for admission in [a for a in self._live.values() if now >= a.deadline_us]:
            del self._live[admission.hold_id]
            admission.state = "expired"
            if admission.local is None:
                self._settle_later(admission, 0, 0, 0, mode="first")

    async def close(self) -> None:
        """Send what is owed, book everything. What Redis cannot be told now is in the durable store."""
        if not self.is_down:
            try:
                await self._pay()
            except RedisGone as error:
                self._went_away(error)
        waiting = set(self._tasks)
        if self.is_down:
            for task in waiting:
                task.cancel()
        if waiting:
            await asyncio.wait(waiting)
        await self._copy.flush()
        await self._wire.close()

    async def _pay(self) -> None:
        """Book what was spent while Redis was away. One nonce a payment: a lost reply pays nothing twice."""
        while self._owed:
            key, spent = next(iter(self._owed.items()))
            entries = [("b", key, "0", str(spent))]
            packed = _PACKER.encode(("once", self._replica, "", self._nonce(), entries))
            await self._tried(self._settle_script, [packed])
            self._owed[key] -= spent
            if not self._owed[key]:
                del self._owed[key]

    async def _revive(self, admission: RedisAdmission) -> None:
        if admission.replica == self._replica:
            await self.beat()
        admission.replica = self._replica

    def _clock(self) -> int | None:
        """None: Redis's own."""
        return self._now_us() if self._use_own_clock else None

    def _incarnated(self) -> str:
        return f"{self._base}.{self._random_bits():x}"

    def _nonce(self) -> str:
        self._nonces += 1
        return f"{self._replica}/{self._nonces}"

    def _own(self, task: asyncio.Future[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
