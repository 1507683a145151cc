"""What the call path asks of whoever counts: admit before the call, settle after it.

`admit` is a plain call and answers at once where it can; None means that somebody has to be asked first
(Redis, or the database for more of a budget): then `await admit_waiting(ask)`. Settling never waits.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from pilothouse.core.limits import Refused, Rooms, Scope


class Ask(Struct):
    """May this attempt go? All scopes together: all of them have room, or nothing is consumed anywhere."""

    scopes: tuple[Scope, ...]
    """Key, team, route, target; those without limits may be left out. A later attempt of the same request
    asks for its new target alone, so that a request that falls back counts once."""
    hold_id: str
    """The attempt: request id and number, chosen by the gateway. While one is in flight the same id is
    refused as a duplicate, so that an impatient caller's retry holds nothing twice."""
    input_tokens: int = 0
    """Estimated; settled to what the provider says."""
    output_tokens: int = 0
    """The most that may come back."""
    pico_usd: int = 0
    """The most it may cost (`estimate.upper_estimate`)."""
    hold_s: float = 600.0
    """After so long the holder is taken for dead and what it held is free again."""


class Admission(Protocol):
    """What was set aside. Give it back to the limiter that made it, once: `settle` or `release`."""

    hold_id: str
    pico_usd: int


class Limiter(Protocol):
    """Counts. All methods are for the event loop's thread; none raises but `admit_waiting` on cancellation."""

    def admit(self, ask: Ask) -> Admission | Refused | None:
        """Room in every scope, or the first refusal; None: ask again with `admit_waiting`."""
        ...

    async def admit_waiting(self, ask: Ask) -> Admission | Refused:
        """As `admit`, with a round trip where one is needed."""
        ...

    def settle(
        self, admission: Admission, *, input_tokens: int, output_tokens: int, pico_usd: int
    ) -> None:
        """Replace the estimates by what was used, and free the rest. A second time does nothing.

        What cost more than was held is charged in full, and so is what comes after the hold's deadline.
        """
        ...

    def release(self, admission: Admission) -> None:
        """Nothing was used: tokens and money are free again. The request still counts as one."""
        ...

    def rooms(self, admission: Admission) -> Rooms:
        """The tightest limits of the scopes asked for, for headers."""
        ...

    async def run(self) -> None:
        """Keep books until cancelled: durable writes, leases, holds past their deadline."""
        ...

    async def close(self) -> None:
        """Book everything and give back what was drawn. Idempotent."""
        ...
