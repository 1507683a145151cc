"""One of several workers without Redis: its equal part of every rate and concurrency limit.

Budgets are not divided: the workers share them through the database.
"""

from __future__ import annotations

from msgspec.structs import replace

from pilothouse.client.limits.port import Admission, Ask, Limiter
from pilothouse.client.limits.redis_plan import share_of
from pilothouse.core.limits import Refused, Rooms, Scope

_MOST_REMEMBERED = 200_000


class SharedLimiter:
    """Implements `Limiter` over another one. A limit below `workers` is 1 in each of them."""

    def __init__(self, limiter: Limiter, workers: int) -> None:
        self._limiter = limiter
        self._workers = workers
        self._shares: dict[str, tuple[Scope, Scope]] = {}

    def admit(self, ask: Ask) -> Admission | Refused | None:
        """As the other, with shares."""
        return self._limiter.admit(self._shared(ask))

    async def admit_waiting(self, ask: Ask) -> Admission | Refused:
        """As the other, with shares."""
        return await self._limiter.admit_waiting(self._shared(ask))

    def settle(
        self, admission: Admission, *, input_tokens: int, output_tokens: int, pico_usd: int
    ) -> None:
        """As the other."""
        self._limiter.settle(
            admission, input_tokens=input_tokens, output_tokens=output_tokens, pico_usd=pico_usd
        )

    def release(self, admission: Admission) -> None:
        """As the other."""
        self._limiter.release(admission)

    def rooms(self, admission: Admission) -> Rooms:
        """Of this worker's shares."""
        return self._limiter.rooms(admission)

    async def run(self) -> None:
        """As the other."""
        await self._limiter.run()

    async def close(self) -> None:
        """As the other."""
        await self._limiter.close()

    def _shared(self, ask: Ask) -> Ask:
        return replace(ask, scopes=tuple([self._share(scope) for scope in ask.scopes]))

    def _share(self, scope: Scope) -> Scope:
        """The same object for the same scope: the limiter below knows an unchanged scope by it."""
        found = self._shares.get(scope.id)
        if found is not None and found[0] is scope:
            return found[1]
        if len(self._shares) >= _MOST_REMEMBERED:
            self._shares.clear()
        share = share_of(scope, self._workers)
        share = replace(share, label=f"{scope.label}, in one of {self._workers} workers")
        self._shares[scope.id] = (scope, share)
        return share
